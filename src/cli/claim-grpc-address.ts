import { accessSync, constants, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname } from "node:path";
import { splitHostPort } from "./grpc-address.ts";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "part of the path is a file",
  EEXIST: "it is a file",
  ENOSPC: "the disk is full",
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine does not have that address",
  ENOTFOUND: "the name is not known",
};

function reason(cause: unknown): string {
  const { code = "unknown error" } = cause as NodeJS.ErrnoException;
  return reasons[code] ?? code;
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function claimSocket(path: string, option: string): Promise<void> {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new Error(
      `no socket can be made in the folder ${folder}: ${reason(cause)}; make it writable for this user or choose another with ${option}`,
      { cause },
    );
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Error(`${path} is there already and is no socket; remove it or choose another with ${option}`);
  if (await isServed(path))
    throw new Error(`another program serves on ${path}; stop it or choose another with ${option}`);
  try {
    rmSync(path);
  } catch (cause) {
    throw new Error(
      `the socket ${path} of an earlier run cannot be removed: ${reason(cause)}; remove it or choose another with ${option}`,
      { cause },
    );
  }
}

async function claimTcp(address: string, option: string): Promise<void> {
  const { host, port } = splitHostPort(address);
  try {
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
    });
  } catch (cause) {
    throw new Error(`gRPC cannot be served on ${address}: ${reason(cause)}; choose another with ${option}`, { cause });
  }
}

/**
 * Makes sure that gRPC can be served at a checked address. For a socket: makes its folder, reachable for owner and group only, and
 * clears what a killed gateway left; files that are no socket, and sockets that somebody serves, are left alone.
 * @param option where another address can be given
 * @throws Error that says what to do
 */
export async function claimGrpcAddress(address: string, option: string): Promise<void> {
  if (address.startsWith("unix:")) await claimSocket(address.slice("unix:".length), option);
  else await claimTcp(address, option);
}
