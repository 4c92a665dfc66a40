import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { Secret } from "../core/auth.ts";

/** In the state directory: where commands on this machine find the token of `tollgate up`. */
export const adminTokenFile = "admin-token";

const tokenBytes = 24;

/** A token for one run of a gateway whose operator named none. */
export function makeAdminToken(): Secret {
  return new Secret(randomBytes(tokenBytes).toString("hex"));
}

/** Readable for its owner alone, whatever was there before. */
export function writeAdminToken(path: string, token: Secret): void {
  removeAdminToken(path);
  writeFileSync(path, `${token.reveal()}\n`, { mode: 0o600, flag: "wx" });
}

/** An old token would only be refused. */
export function removeAdminToken(path: string): void {
  rmSync(path, { force: true });
}

/** Undefined = there is none, or it may not be read. */
export function readAdminToken(path: string): Secret | undefined {
  try {
    const token = new Secret(readFileSync(path, "utf8"));
    return token.reveal() === "" ? undefined : token;
  } catch {
    return undefined; // the gateway's refusal says where the token is
  }
}
