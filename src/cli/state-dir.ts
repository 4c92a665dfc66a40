import { createWriteStream, mkdirSync, mkdtempSync, openSync, rmSync, type WriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkGrpcAddress } from "./grpc-address.ts";
import { claimPidFile } from "./pid-file.ts";

/** Where a gateway on this machine keeps its logs and Envoy's configuration, and its socket (elsewhere: paths of sockets are short). */
export interface StateDir {
  readonly path: string;
  readonly grpcAddress: string;
  /** What holds the socket; removed by `close`. */
  readonly socketDir: string;
  file(name: string): string;
  /** A log that is appended to. @throws Error when it cannot be written */
  log(name: string): WriteStream;
  /** Removes the socket's folder and gives the directory free. */
  close(): void;
}

/** Mode 0700: whoever can reach the socket in it is handed provider keys. */
function makeSocketDir(): { readonly socketDir: string; readonly grpcAddress: string } {
  let reason = "";
  // the second is for a TMPDIR that is too long or not there
  for (const root of [tmpdir(), "/tmp"]) {
    try {
      checkGrpcAddress(`unix:${join(root, "tollgate-XXXXXX", "grpc.sock")}`);
      const socketDir = mkdtempSync(join(root, "tollgate-"));
      return { socketDir, grpcAddress: `unix:${join(socketDir, "grpc.sock")}` };
    } catch (error) {
      reason = (error as Error).message;
    }
  }
  throw new Error(
    `no folder for the gateway's socket could be made: ${reason}; name a short, writable one with TMPDIR`,
  );
}

/** What the file system says about a folder or a file, in words that tell what to do. */
function orExplain<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new Error(`${name} cannot be written (${code}); choose another folder with --state-dir`, { cause });
  }
}

/**
 * Makes a folder and claims it for this process.
 * @throws Error that says what to do when it cannot be written or another gateway uses it
 */
export function claimStateDir(path: string): { readonly directory: string; readonly release: () => void } {
  const directory = resolve(path);
  // others on the machine need not know who spends what
  orExplain(`the folder ${directory}`, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  const release = orExplain(`the folder ${directory}`, () => claimPidFile(join(directory, "tollgate.pid"), directory));
  return { directory, release };
}

/**
 * `report` is told when a log can no longer be written (a full disk): that must not end the gateway.
 * @throws Error that says what to do when the directory cannot be written or another gateway uses it
 */
export function openStateDir(path: string, report: (message: string) => void): StateDir {
  const { directory, release } = claimStateDir(path);
  const file = (name: string): string => join(directory, name);
  try {
    const { socketDir, grpcAddress } = makeSocketDir();
    return {
      path: directory,
      grpcAddress,
      socketDir,
      file,
      log: (name) => {
        const fd = orExplain(file(name), () => openSync(file(name), "a"));
        const stream = createWriteStream(file(name), { fd });
        stream.once("error", (error: NodeJS.ErrnoException) => {
          report(
            `${file(name)} can no longer be written (${error.code ?? error.message}); its lines are lost from now on`,
          );
          stream.on("error", () => undefined);
        });
        return stream;
      },
      close: () => {
        rmSync(socketDir, { recursive: true, force: true });
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}
