import { Gunzip, Inflate, Unzlib } from "fflate";
import { concatBytes, noBytes } from "../../lib/bytes.ts";
import { hasZlibHeader } from "../../lib/content-codings.ts";
import { GatewayError } from "../../lib/errors.ts";

/** Undoes the `content-encoding` of a stream. Chunks may be cut anywhere. */
export interface StreamDecoder {
  /** What these bytes add. @throws GatewayError `bad_upstream_stream` when they are broken */
  push(chunk: Uint8Array): Uint8Array;
  /** What was left. @throws GatewayError `upstream_truncated` when the stream was cut (R52) */
  end(): Uint8Array;
}

/** A streaming class of fflate, whose output comes synchronously through its callback. */
class Inflation {
  readonly #inflater: Gunzip | Inflate | Unzlib;
  #out: Uint8Array[] = [];
  outputBytes = 0;

  constructor(inflater: Gunzip | Inflate | Unzlib) {
    this.#inflater = inflater;
    inflater.ondata = (data) => {
      this.outputBytes += data.length;
      this.#out.push(data);
    };
  }

  push(chunk: Uint8Array): Uint8Array {
    // fflate answers an empty push with an error once its stream has ended
    if (chunk.length === 0) return noBytes;
    try {
      this.#inflater.push(chunk);
    } catch (cause) {
      throw new GatewayError("bad_upstream_stream", "the provider's stream could not be decompressed", { cause });
    }
    return this.#take();
  }

  end(): Uint8Array {
    try {
      this.#inflater.push(noBytes, true);
    } catch (cause) {
      throw truncated(cause);
    }
    return this.#take();
  }

  #take(): Uint8Array {
    const bytes = concatBytes(this.#out);
    this.#out = [];
    return bytes;
  }
}

function truncated(cause?: unknown): GatewayError {
  return new GatewayError("upstream_truncated", "the provider's compressed stream ended before it was complete", {
    cause,
  });
}

/** fflate does not check the trailers (R52), so their last four bytes are kept and compared here. */
class LastBytes {
  #bytes: Uint8Array = noBytes;
  total = 0;

  push(chunk: Uint8Array): void {
    this.total += chunk.length;
    this.#bytes = concatBytes([this.#bytes, chunk.slice(-4)]).slice(-4);
  }

  get view(): DataView {
    return new DataView(concatBytes([new Uint8Array(4), this.#bytes]).slice(-4).buffer);
  }
}

/** A gzip member is at least its header, an empty block and its trailer. */
const smallestGzip = 20;

export class GzipDecoder implements StreamDecoder {
  readonly #gunzip = new Gunzip();
  readonly #inflation = new Inflation(this.#gunzip);
  readonly #lastBytes = new LastBytes();
  #memberStart = 0;

  constructor() {
    this.#gunzip.onmember = () => {
      this.#memberStart = this.#inflation.outputBytes;
    };
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#lastBytes.push(chunk);
    return this.#inflation.push(chunk);
  }

  /** The trailer ends with the length of what was compressed. */
  end(): Uint8Array {
    const rest = this.#inflation.end();
    const length = (this.#inflation.outputBytes - this.#memberStart) >>> 0;
    if (this.#lastBytes.total < smallestGzip || length !== this.#lastBytes.view.getUint32(0, true)) throw truncated();
    return rest;
  }
}

/** The first two bytes tell whether the zlib wrapper is there; without it there is no trailer to check. */
export class DeflateDecoder implements StreamDecoder {
  #head: Uint8Array = noBytes;
  #inflation: Inflation | undefined;
  #isWrapped = false;
  readonly #lastBytes = new LastBytes();
  readonly #checksum = new Adler32();

  push(chunk: Uint8Array): Uint8Array {
    this.#lastBytes.push(chunk);
    let input = chunk;
    if (this.#inflation === undefined) {
      this.#head = concatBytes([this.#head, chunk]);
      if (this.#head.length < 2) return noBytes;
      input = this.#head;
      this.#isWrapped = hasZlibHeader(input);
      this.#inflation = new Inflation(this.#isWrapped ? new Unzlib() : new Inflate());
    }
    return this.#checked(this.#inflation.push(input));
  }

  end(): Uint8Array {
    if (this.#inflation === undefined) throw truncated();
    const rest = this.#checked(this.#inflation.end());
    if (this.#isWrapped && this.#checksum.value !== this.#lastBytes.view.getUint32(0)) throw truncated();
    return rest;
  }

  #checked(bytes: Uint8Array): Uint8Array {
    if (this.#isWrapped) this.#checksum.push(bytes);
    return bytes;
  }
}

/** The checksum of zlib's trailer (RFC 1950). */
class Adler32 {
  #a = 1;
  #b = 0;

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#a = (this.#a + byte) % 65521;
      this.#b = (this.#b + this.#a) % 65521;
    }
  }

  get value(): number {
    return this.#b * 65536 + this.#a;
  }
}
