import type { ResourceApi } from "../../src/admin/kube/resource-api.ts";
import { type AdminServer, startAdminServer } from "../../src/admin/server.ts";
import type { AdminSources } from "../../src/admin/sources.ts";
import { Secret } from "../../src/core/auth.ts";
import { Metrics } from "../../src/observe/metrics.ts";

export const adminToken = "admin-token-of-the-test";

export interface Got {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
}

/** Asks with the admin token unless `authorization` says otherwise; "" = without the header. */
export async function get(url: string, authorization = `Bearer ${adminToken}`, method = "GET"): Promise<Got> {
  const response = await fetch(url, { method, headers: authorization === "" ? {} : { authorization } });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    text,
    json: () => JSON.parse(text) as unknown,
  };
}

/** A server on a free port, with these sources. */
export async function startAdmin(
  sources: AdminSources,
  notReady: () => Promise<string | undefined> = async () => undefined,
  metrics = new Metrics(),
  resourceApi?: ResourceApi,
): Promise<AdminServer & { readonly url: string }> {
  const token = new Secret(adminToken);
  const server = await startAdminServer({
    address: "127.0.0.1",
    port: 0,
    token,
    metrics,
    notReady,
    sources,
    resourceApi,
  });
  return { ...server, url: `http://127.0.0.1:${server.port}` };
}
