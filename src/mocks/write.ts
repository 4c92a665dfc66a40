import type { ServerResponse } from "node:http";

/** Waits, or less when the client goes away. */
export function pause(milliseconds: number, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    response.once("close", done);
    function done(): void {
      clearTimeout(timer);
      response.off("close", done);
      resolve();
    }
  });
}

function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    if (response.write(bytes)) return void setImmediate(resolve);
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

/** Writes in pieces of `size` bytes, each on its own turn of the event loop; undefined = whole. */
export async function writeSplit(response: ServerResponse, bytes: Buffer, size: number | undefined): Promise<void> {
  const step = size ?? (bytes.length || 1);
  for (let start = 0; start < bytes.length && !response.destroyed; start += step) await write(response, bytes.subarray(start, start + step));
}
