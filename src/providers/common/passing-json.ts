import type { Translated } from "../../core/translator.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { noBytes } from "../../lib/bytes.ts";
import { GatewayError } from "../../lib/errors.ts";
import { decodeBuffered } from "./content-encoding.ts";

/** Larger answers pass without being read. */
const maxReadBytes = 64 * 1024 * 1024;

/** What a complete answer tells. @throws GatewayError `bad_upstream_json` */
export type ReadJson = (json: Uint8Array) => Omit<Translated, "body">;

/**
 * Passes a JSON answer on, byte for byte, and reads usage and model at its end. An answer without the output member is a
 * failure (R165). An answer that came compressed leaves as it was before (R34).
 */
export class PassingJson {
  readonly #contentEncoding: string | undefined;
  readonly #readJson: ReadJson;
  readonly #body = new ByteBuffer();
  #unread = false;

  /** `contentEncoding`: what to undo; undefined when the answer is not compressed. */
  constructor(contentEncoding: string | undefined, readJson: ReadJson) {
    this.#contentEncoding = contentEncoding;
    this.#readJson = readJson;
  }

  push(chunk: Uint8Array): Translated {
    const isLarge = this.#body.length + chunk.length > maxReadBytes;
    if (isLarge && this.#contentEncoding !== undefined) {
      throw new GatewayError("bad_upstream_json", `the provider's answer is larger than ${maxReadBytes} bytes`);
    }
    this.#unread ||= isLarge;
    if (this.#unread) this.#body.clear();
    else this.#body.append(chunk);
    return { body: this.#contentEncoding === undefined ? undefined : noBytes };
  }

  end(): Translated {
    if (this.#unread) return { body: undefined, notes: ["unreadable_answer"] };
    try {
      const json = decodeBuffered(this.#body.take(), this.#contentEncoding);
      return { body: this.#contentEncoding === undefined ? undefined : json, ...this.#readJson(json) };
    } catch (thrown) {
      return { body: undefined, failure: GatewayError.from(thrown, "bad_upstream_json") };
    }
  }
}
