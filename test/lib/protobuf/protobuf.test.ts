import { expect } from "chai";
import fc from "fast-check";
import { ProtoReader } from "../../../src/lib/protobuf/reader.ts";
import { ProtoWriter } from "../../../src/lib/protobuf/writer.ts";

describe("ProtoReader and ProtoWriter", () => {
  it("property: messages of any size in messages, whatever size was expected", () => {
    const writer = new ProtoWriter();
    const sizes = fc.tuple(fc.oneof(fc.nat(300), fc.nat(100_000)), fc.oneof(fc.nat(300), fc.nat(100_000)));
    const kept: { readonly bytes: Buffer; readonly copy: Buffer }[] = [];
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 6 }), (levels) => {
        for (const [length, likely] of levels) {
          writer.begin(1, likely);
          writer.bytes(2, Buffer.alloc(length, 7));
        }
        for (const _ of levels) writer.end();
        const bytes = writer.finish();
        kept.push({ bytes, copy: Buffer.from(bytes) });
        const reader = new ProtoReader(bytes);
        const outers: number[] = [];
        for (const [length] of levels) {
          expect(reader.next()).to.equal(0x0a);
          outers.push(reader.enter());
          expect(reader.next()).to.equal(0x12);
          expect(reader.bytes().equals(Buffer.alloc(length, 7))).to.equal(true);
        }
        for (const outer of outers.reverse()) {
          expect(reader.next()).to.equal(0);
          reader.leave(outer);
        }
        expect(reader.next()).to.equal(0);
      }),
      { numRuns: 100 },
    );
    for (const { bytes, copy } of kept) expect(bytes.equals(copy), "an earlier message changed").to.equal(true);
  });

  it("property: numbers and texts", () => {
    const writer = new ProtoWriter();
    const anyText = fc.string({ unit: "binary", maxLength: 60 });
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.double(), anyText, (number, double, text) => {
        writer.uint(1, number);
        writer.double(2, double);
        writer.string(300, text);
        const reader = new ProtoReader(writer.finish());
        reader.next();
        expect(reader.uint()).to.equal(number);
        reader.next();
        expect(reader.double()).to.deep.equal(double);
        expect(reader.next()).to.equal(300 * 8 + 2);
        expect(reader.string()).to.equal(text);
      }),
    );
  });
});
