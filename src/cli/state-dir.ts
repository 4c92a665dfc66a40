import { appendFileSync, createWriteStream, mkdirSync, mkdtempSync, rmSync, type WriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Where a gateway on this machine keeps its logs and Envoy's configuration, and its socket (elsewhere: paths of sockets are short). */
export interface StateDir {
  readonly path: string;
  readonly grpcAddress: string;
  file(name: string): string;
  /** A log that is appended to. */
  log(name: string): WriteStream;
  /** Removes the socket's folder. */
  close(): void;
}

/** @throws Error that says what to do when the directory cannot be written */
export function openStateDir(path: string): StateDir {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true });
    appendFileSync(join(directory, "gateway.log"), "");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`the folder ${directory} cannot be written (${code}); choose another with --state-dir`, { cause });
  }
  // mode 0700: whoever can reach the socket in it is handed provider keys
  const socketDir = mkdtempSync(join(tmpdir(), "tollgate-"));
  return {
    path: directory,
    grpcAddress: `unix:${join(socketDir, "grpc.sock")}`,
    file: (name) => join(directory, name),
    log: (name) => createWriteStream(join(directory, name), { flags: "a" }),
    close: () => rmSync(socketDir, { recursive: true, force: true }),
  };
}
