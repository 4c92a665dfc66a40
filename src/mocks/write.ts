import type { ServerResponse } from "node:http";

/** Waits, or less when the client goes away. */
export function pause(milliseconds: number, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    const timer = setTimeout(done, milliseconds);
    response.once("close", done);
    function done(): void {
      clearTimeout(timer);
      response.off("close", done);
      resolve();
    }
  });
}

/** Writes, and waits for room and for a turn of the event loop. Nothing when the client went away. */
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

/** Writes in pieces of one size wherever events begin and end; without a size what it is given, as it is given. */
export class PieceWriter {
  readonly #response: ServerResponse;
  readonly #size: number | undefined;
  #held = Buffer.alloc(0);

  constructor(response: ServerResponse, size: number | undefined) {
    this.#response = response;
    this.#size = size;
  }

  async write(bytes: Buffer): Promise<void> {
    const size = this.#size;
    if (size === undefined) return await write(this.#response, bytes);
    const all = Buffer.concat([this.#held, bytes]);
    let start = 0;
    for (; all.length - start >= size && !this.#response.destroyed; start += size) {
      await write(this.#response, all.subarray(start, start + size));
    }
    this.#held = all.subarray(start);
  }

  /** Writes what is left. */
  async flush(): Promise<void> {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    if (rest.length > 0) await write(this.#response, rest);
  }
}
