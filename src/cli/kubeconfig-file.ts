import { rmSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Secret } from "../core/auth.ts";

/** In the state directory, for `KUBECONFIG`: it stays the same from run to run, whatever the token is. */
export const kubeconfigFile = "kubeconfig";

const name = "tollgate";

/**
 * A kubeconfig for the gateway at `url`. The token is a password in the address: over plain http kubectl sends no tokens and no other
 * passwords, and says nothing.
 */
export function kubeconfig(url: string, token: Secret): string {
  const server = new URL(url);
  server.username = "admin";
  server.password = encodeURIComponent(token.reveal());
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: server.href.replace(/\/$/, "") } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "default" } }],
    "current-context": name,
  });
}

/** Readable for its owner alone, whatever was there before. Returns what removes it. */
export function writeKubeconfig(path: string, url: string, token: Secret): () => void {
  const remove = (): void => rmSync(path, { force: true });
  remove();
  writeFileSync(path, kubeconfig(url, token), { mode: 0o600, flag: "wx" });
  return remove;
}
