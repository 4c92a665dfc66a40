import { UsageError } from "./options.ts";

/** The kernel's limit on the path of a Unix socket (Linux 108 with its final zero; macOS 104). */
const maxSocketPathBytes = 103;

const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/;

/**
 * `host:port` in parts; brackets around an IPv6 address fall away.
 * @throws UsageError
 */
export function splitHostPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const digits = address.slice(colon + 1);
  const port = Number(digits);
  if (colon < 1 || !/^\d+$/.test(digits) || port < 1 || port > 65_535) {
    throw new UsageError(`${JSON.stringify(address)} is neither unix:/path nor host:port`);
  }
  return { host, port };
}

/**
 * Checks where gRPC is to be served. Whoever can connect there is handed provider keys, so anything but a socket or loopback
 * gets a warning, which is returned.
 * @throws UsageError
 */
export function checkGrpcAddress(address: string): string | undefined {
  if (address.startsWith("unix:")) {
    const path = address.slice("unix:".length);
    const bytes = Buffer.byteLength(path);
    if (!path.startsWith("/"))
      throw new UsageError(`the socket path ${JSON.stringify(path)} is not absolute; write unix:/path`);
    if (bytes > maxSocketPathBytes) {
      throw new UsageError(
        `the socket path ${path} has ${bytes} bytes, and the system allows ${maxSocketPathBytes}; choose a shorter one`,
      );
    }
    return undefined;
  }
  const { host } = splitHostPort(address);
  if (loopback.test(host)) return undefined;
  return `warning: gRPC is served on ${host}, which is not loopback: whoever can connect there is handed provider keys`;
}
