import { ConnectionError, errorCode } from "./errors.ts";
import { type Frame, frameFlag, frameType } from "./frames.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import type { Http2Limits } from "./limits.ts";

/** What a header block says. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly fields: readonly HeaderField[];
  /** Not all fields are there: the list is larger than allowed. */
  readonly isTooLarge: boolean;
  /** It says that its stream depends on itself. */
  readonly dependsOnItself: boolean;
}

/** What is known of a block by its first frame. */
type Begun = Pick<HeaderBlock, "streamId" | "endStream" | "dependsOnItself">;

/** What is left of a DATA or HEADERS payload without its padding. @throws ConnectionError */
export function withoutPadding({ payload, flags }: Frame): Buffer {
  if ((flags & frameFlag.padded) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined) throw new ConnectionError(errorCode.frameSize, "a padded frame without padding");
  if (padding >= payload.length) throw new ConnectionError(errorCode.protocol, "padding is longer than its frame");
  return payload.subarray(1, payload.length - padding);
}

/** Whether the first five bytes, a priority, name the stream itself. */
export function dependsOnItself(priority: Buffer, streamId: number): boolean {
  return (priority.readUInt32BE(0) & 0x7fff_ffff) === streamId;
}

/** Joins HEADERS and the CONTINUATION frames behind them, which nothing may interrupt, and decodes them: all of one connection, in order. */
export class HeaderBlocks {
  readonly #limits: Http2Limits;
  readonly #decoder = new HpackDecoder();
  #begun: Begun | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  /** @throws ConnectionError when this frame may not come now */
  expect(frame: Frame): void {
    const due = this.#begun?.streamId;
    const continues = frame.type === frameType.continuation;
    if (continues ? due !== frame.streamId : due !== undefined)
      throw new ConnectionError(errorCode.protocol, "a header block is interrupted, or continued where none began");
  }

  /** The block, when this HEADERS frame has all of it. @throws ConnectionError */
  begin(frame: Frame): HeaderBlock | undefined {
    const { flags, streamId } = frame;
    let block = withoutPadding(frame);
    let selfish = false;
    if ((flags & frameFlag.priority) !== 0) {
      if (block.length < 5) throw new ConnectionError(errorCode.frameSize, "HEADERS too short for a priority");
      selfish = dependsOnItself(block, streamId);
      block = block.subarray(5);
    }
    const begun = { streamId, endStream: (flags & frameFlag.endStream) !== 0, dependsOnItself: selfish };
    if ((flags & frameFlag.endHeaders) !== 0) return this.#decode(begun, block);
    this.#begun = begun;
    this.#parts = [Buffer.from(block)];
    this.#bytes = block.length;
    return undefined;
  }

  /** The block, when this CONTINUATION frame is its last. @throws ConnectionError */
  continue({ flags, payload }: Frame): HeaderBlock | undefined {
    this.#parts.push(Buffer.from(payload));
    this.#bytes += payload.length;
    if (this.#bytes > this.#limits.maxHeaderBlockBytes || this.#parts.length > this.#limits.maxContinuations)
      throw new ConnectionError(errorCode.enhanceYourCalm, "a header block is too long or in too many parts");
    const begun = this.#begun;
    if (begun === undefined || (flags & frameFlag.endHeaders) === 0) return undefined;
    this.#begun = undefined;
    const block = Buffer.concat(this.#parts);
    this.#parts = [];
    return this.#decode(begun, block);
  }

  /** Decodes to the end, also what is too much: the table must see every block. */
  #decode(begun: Begun, block: Buffer): HeaderBlock {
    const fields: HeaderField[] = [];
    let bytes = 0;
    const most = this.#limits.maxHeaderListBytes;
    this.#decoder.decode(block, (field) => {
      bytes += field.size;
      if (bytes <= most) fields.push(field);
    });
    return { ...begun, fields, isTooLarge: bytes > most };
  }
}
