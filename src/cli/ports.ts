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
 * Free ports are chosen here, below those that systems give to outgoing connections: one of these could take the port before it is
 * listened on.
 */
const chosenFrom = 20_000;
const chosenBelow = 32_768;
const tries = 100;
/** Those that were given out already; whoever got one may not listen yet. */
const given = new Set<number>();

async function anyFree(address: string): Promise<number> {
  for (let left = tries; ; left--) {
    const port = left === 0 ? 0 : chosenFrom + Math.floor(Math.random() * (chosenBelow - chosenFrom));
    if (given.has(port)) continue;
    try {
      const free = await listen(address, port);
      given.add(free);
      return free;
    } catch (error) {
      if (left === 0 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}

/**
 * `port` if it is free at this address, any free one for 0.
 * @throws Error that says what to do when the port is taken or may not be used
 */
export async function claimPort(address: string, port: number, option: string): Promise<number> {
  try {
    return port === 0 ? await anyFree(address) : await listen(address, port);
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
