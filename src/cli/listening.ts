import { connect } from "node:net";

const pollMs = 20;

function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Settles when something accepts connections there; rejects with `gaveUp`'s reason as soon as it gives one. */
export async function untilListening(address: string, port: number, gaveUp: () => string | undefined): Promise<void> {
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  while (!(await accepts(host, port))) {
    const reason = gaveUp();
    if (reason !== undefined) throw new Error(reason);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
