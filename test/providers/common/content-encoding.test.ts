import zlib from "node:zlib";
import { expect } from "chai";
import { GatewayError } from "../../../src/lib/errors.ts";
import { decodeBuffered, makeStreamDecoder } from "../../../src/providers/common/content-encoding.ts";
import { cut } from "../replay.ts";

const text = Array.from(
  { length: 120 },
  (_, number) => `data: {"number":${number},"text":"é ${(number * 7919) % 613}"}\n\n`,
).join("");
const plain = Buffer.from(text);

const encodings: Readonly<Record<string, readonly [header: string, bytes: Buffer]>> = {
  gzip: ["gzip", zlib.gzipSync(plain)],
  "gzip, stored": ["GZIP", zlib.gzipSync(plain, { level: 0 })],
  "gzip, two members": [
    "x-gzip",
    Buffer.concat([zlib.gzipSync(plain.subarray(0, 500)), zlib.gzipSync(plain.subarray(500))]),
  ],
  "deflate with the zlib wrapper": ["deflate", zlib.deflateSync(plain)],
  "raw deflate": ["Deflate", zlib.deflateRawSync(plain)],
  identity: ["identity", plain],
};

function codeOf(action: () => unknown): string | null {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

function decodeStream(header: string, chunks: readonly Uint8Array[]): string {
  const decoder = makeStreamDecoder(header);
  return Buffer.concat([...chunks.map((chunk) => Buffer.from(decoder.push(chunk))), decoder.end()]).toString();
}

describe("makeStreamDecoder", () => {
  for (const [name, [header, bytes]] of Object.entries(encodings)) {
    for (const size of [1, 7, 64, bytes.length]) {
      it(`decodes ${name} in pieces of ${size} bytes (R50, R51)`, () => {
        expect(decodeStream(header, cut(bytes, size))).to.equal(text);
      });
    }
  }

  it("gives what can be decoded at once when the provider flushes (R144)", async () => {
    const compressed: Buffer[] = [];
    const gzip = zlib.createGzip();
    gzip.on("data", (chunk: Buffer) => compressed.push(chunk));
    const decoder = makeStreamDecoder("gzip");
    for (const event of ["data: one\n\n", "data: two\n\n"]) {
      compressed.length = 0;
      await new Promise<void>((resolve) => {
        gzip.write(event);
        gzip.flush(zlib.constants.Z_SYNC_FLUSH, resolve);
      });
      expect(Buffer.from(decoder.push(Buffer.concat(compressed))).toString()).to.equal(event);
    }
    gzip.destroy();
  });

  for (const name of ["gzip", "gzip, stored", "deflate with the zlib wrapper"] as const) {
    it(`reports ${name} that was cut anywhere as truncated (R52)`, () => {
      const [header, bytes] = encodings[name] as (typeof encodings)[string];
      const cuts = [0, 1, 5, 12, 100, ...Array.from({ length: 20 }, (_, index) => bytes.length - 1 - index)];
      for (const length of cuts) {
        const code = codeOf(() => decodeStream(header, [bytes.subarray(0, length)]));
        expect(code, `${length} of ${bytes.length} bytes`).to.equal("upstream_truncated");
      }
    });
  }

  it("reports bytes that are not what the header says", () => {
    expect(codeOf(() => makeStreamDecoder("gzip").push(plain))).to.equal("bad_upstream_stream");
  });

  it("refuses codings that it cannot stream", () => {
    for (const header of ["br", "zstd", "gzip, br", "nonsense"]) {
      expect(
        codeOf(() => makeStreamDecoder(header)),
        header,
      ).to.equal("unsupported_upstream_encoding");
    }
  });
});

describe("decodeBuffered", () => {
  for (const [name, [header, bytes]] of Object.entries(encodings)) {
    it(`decodes ${name}`, () => {
      expect(Buffer.from(decodeBuffered(bytes, header)).toString()).to.equal(text);
    });
  }

  it("decodes br and lists", () => {
    expect(Buffer.from(decodeBuffered(zlib.brotliCompressSync(plain), "br")).toString()).to.equal(text);
    expect(Buffer.from(decodeBuffered(zlib.brotliCompressSync(zlib.gzipSync(plain)), "gzip, br")).toString()).to.equal(
      text,
    );
  });

  it("fails with 502 on unknown codings, broken bytes and bombs (R51, R53)", () => {
    expect(codeOf(() => decodeBuffered(plain, "nonsense"))).to.equal("unsupported_upstream_encoding");
    expect(codeOf(() => decodeBuffered(plain, "gzip"))).to.equal("bad_upstream_json");
    expect(codeOf(() => decodeBuffered(zlib.gzipSync(Buffer.alloc(65 * 1024 * 1024)), "gzip"))).to.equal(
      "bad_upstream_json",
    );
  });
});
