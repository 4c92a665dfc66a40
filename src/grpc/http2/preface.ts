import { ConnectionError, errorCode } from "./errors.ts";
import { clientPreface } from "./frames.ts";

/** Takes what a client says first away from the front of what it sends. */
export class Preface {
  #left = clientPreface.length;

  /** What is behind it. @throws ConnectionError when the peer speaks another protocol */
  after(chunk: Buffer): Buffer {
    if (this.#left === 0) return chunk;
    const from = clientPreface.length - this.#left;
    const given = chunk.subarray(0, this.#left);
    if (!given.equals(clientPreface.subarray(from, from + given.length)))
      throw new ConnectionError(errorCode.protocol, "the peer does not speak HTTP/2");
    this.#left -= given.length;
    return chunk.subarray(given.length);
  }
}
