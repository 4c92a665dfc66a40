import type { KubeAnswer, KubeRequest } from "../../../src/admin/kube/request.ts";
import { ResourceApi } from "../../../src/admin/kube/resource-api.ts";
import { asFiles } from "../../../src/cli/applied-resources.ts";
import { checkFiles } from "../../../src/cli/configuration.ts";
import { load } from "../../../src/config/load.ts";
import { ResourceStore } from "../../../src/resources/resource-store.ts";
import { MemoryFiles } from "../../resources/memory-files.ts";

export const startMs = Date.parse("2030-01-01T00:00:00Z");

export interface TestApi {
  readonly api: ResourceApi;
  readonly store: ResourceStore;
  readonly files: MemoryFiles;
  /** What `applied` answers; counts its calls. */
  effect: { answer: () => string | undefined; calls: number };
  nowMs: number;
  ask(method: string, path: string, request?: AskOptions): Promise<Asked>;
}

export interface AskOptions {
  /** JSON, or bytes as they are. */
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Asked {
  readonly status: number;
  readonly answer: KubeAnswer;
  readonly json: Json;
  readonly warnings: readonly string[];
}

// what comes back is looked into by path; a wrong one fails the test
// biome-ignore lint/suspicious/noExplicitAny: of unknown shape on purpose
export type Json = any;

function toRequest(method: string, url: string, { body, type, headers = {} }: AskOptions): KubeRequest {
  const [path = "", query = ""] = url.split("?");
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const contentType = body === undefined ? {} : { "content-type": type ?? "application/json" };
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: { ...contentType, ...headers },
    body: async () => bytes,
  };
}

/** The API without a socket. `paths` are files whose resources count too. */
export function makeApi(paths: readonly string[] = [], files = new MemoryFiles()): TestApi {
  const store = new ResourceStore(files);
  let uids = 0;
  const made: TestApi = {
    store,
    files,
    effect: { answer: () => undefined, calls: 0 },
    nowMs: startMs,
    api: new ResourceApi({
      store,
      check: (texts) => checkFiles([...load(paths), ...asFiles(texts)], {}, undefined).diagnostics,
      applied: async () => {
        made.effect.calls++;
        return made.effect.answer();
      },
      nowMs: () => made.nowMs,
      makeUid: () => `uid-${++uids}`,
    }),
    ask: async (method, path, options = {}) => {
      const answer = await made.api.answer(toRequest(method, path, options));
      const { warning = [] } = answer.headers ?? {};
      const json = answer.body === "" ? undefined : (JSON.parse(answer.body) as Json);
      return { status: answer.status, answer, json, warnings: [warning].flat() };
    },
  };
  return made;
}

export const group = "/apis/aigateway.envoyproxy.io/v1alpha1";

export function llmRequestCost(name: string, key = "llm_total_token", namespace = "default"): Record<string, unknown> {
  return {
    apiVersion: "aigateway.envoyproxy.io/v1alpha1",
    kind: "LLMRequestCost",
    metadata: { name, namespace },
    spec: { llmRequestCosts: [{ metadataKey: key, type: "TotalToken" }] },
  };
}

export function secret(name: string, data: Record<string, string>, namespace = "default"): Record<string, unknown> {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, data: Object.fromEntries(encoded) as Json };
}
