import { expect } from "chai";
import fc from "fast-check";
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";

describe("ByteBuffer", () => {
  it("holds what was appended, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 10 }), (pieces) => {
        const buffer = new ByteBuffer();
        for (const piece of pieces) buffer.append(piece);
        const expected = Buffer.concat(pieces);
        expect(buffer.length).to.equal(expected.length);
        expect(expected.equals(buffer.view())).to.equal(true);
        expect(expected.equals(buffer.take())).to.equal(true);
        expect(buffer.length).to.equal(0);
      }),
    );
  });

  it("gives a copy that later appends do not change", () => {
    const buffer = new ByteBuffer();
    buffer.append(Buffer.from("first"));
    const taken = buffer.take();
    buffer.append(Buffer.from("other"));
    expect(Buffer.from(taken).toString()).to.equal("first");
  });
});
