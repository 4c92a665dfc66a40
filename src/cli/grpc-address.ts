/** The kernel's limit on the path of a Unix socket (Linux 108 with its final zero; macOS 104). */
const maxSocketPathBytes = 103;

const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/;

/**
 * Checks where gRPC is to be served. Whoever can connect there is handed provider keys, so anything but a socket or loopback
 * gets a warning, which is returned.
 * @throws Error with a message for the operator
 */
export function checkGrpcAddress(address: string): string | undefined {
  if (address.startsWith("unix:")) {
    const path = address.slice("unix:".length);
    const bytes = Buffer.byteLength(path);
    if (!path.startsWith("/"))
      throw new Error(`the socket path ${JSON.stringify(path)} is not absolute; write unix:/path`);
    if (bytes > maxSocketPathBytes) {
      throw new Error(
        `the socket path ${path} has ${bytes} bytes, and the system allows ${maxSocketPathBytes}; choose a shorter one`,
      );
    }
    return undefined;
  }
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const digits = address.slice(colon + 1);
  const port = Number(digits);
  if (colon < 1 || !/^\d+$/.test(digits) || port < 1 || port > 65_535) {
    throw new Error(`${JSON.stringify(address)} is neither unix:/path nor host:port`);
  }
  if (loopback.test(host)) return undefined;
  return `warning: gRPC is served on ${host}, which is not loopback: whoever can connect there is handed provider keys`;
}
