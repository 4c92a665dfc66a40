import zlib from "node:zlib";
import { expect } from "chai";
import { contentCodings, decodeContent } from "../../src/lib/content-codings.ts";

const text = Buffer.from("hello hello hello");

describe("contentCodings", () => {
  it("reads lists in any case, without identity (R51)", () => {
    expect(contentCodings("GZIP, identity ,Br")).to.deep.equal(["gzip", "br"]);
    expect(contentCodings("x-gzip")).to.deep.equal(["gzip"]);
    expect(contentCodings(undefined)).to.deep.equal([]);
    expect(contentCodings("")).to.deep.equal([]);
  });
});

describe("decodeContent", () => {
  for (const [name, bytes, codings] of [
    ["gzip", zlib.gzipSync(text), ["gzip"]],
    ["br", zlib.brotliCompressSync(text), ["br"]],
    ["deflate with the zlib wrapper", zlib.deflateSync(text), ["deflate"]],
    ["raw deflate", zlib.deflateRawSync(text), ["deflate"]],
    ["gzip, then br", zlib.brotliCompressSync(zlib.gzipSync(text)), ["gzip", "br"]],
    ["nothing", text, []],
  ] as const) {
    it(`decodes ${name}`, () => {
      const decoded = decodeContent(bytes, codings, 1000);
      expect(decoded.kind === "decoded" && Buffer.from(decoded.bytes).toString()).to.equal(text.toString());
    });
  }

  it("stops a decompression bomb at the bound (R53)", () => {
    expect(decodeContent(zlib.gzipSync(Buffer.alloc(100_000)), ["gzip"], 1000)).to.deep.equal({ kind: "too_large" });
  });

  it("tells unknown codings and broken bytes apart (R51)", () => {
    expect(decodeContent(text, ["compress"], 1000)).to.deep.equal({ kind: "unknown", coding: "compress" });
    expect(decodeContent(text, ["gzip"], 1000).kind).to.equal("broken");
    expect(decodeContent(zlib.gzipSync(text).subarray(0, -1), ["gzip"], 1000).kind).to.equal("broken");
  });
});
