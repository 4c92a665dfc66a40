import { createServer } from "node:net";

function listen(address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: address, port, exclusive: true }, () => {
      const bound = server.address();
      const number = typeof bound === "object" && bound !== null ? bound.port : port;
      server.close(() => resolve(number));
    });
  });
}

/**
 * `port` if it is free at this address, any free one for 0.
 * @throws Error that says what to do when the port is taken or may not be used
 */
export async function claimPort(address: string, port: number, option: string): Promise<number> {
  try {
    return await listen(address, port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason =
      code === "EADDRINUSE"
        ? `port ${port} on ${address} is taken by another program`
        : code === "EACCES"
          ? `port ${port} on ${address} may not be used by this user`
          : `${address}:${port} cannot be listened on (${code ?? String(cause)})`;
    throw new Error(`${reason}; choose another with ${option} (0 = any free one)`, { cause });
  }
}
