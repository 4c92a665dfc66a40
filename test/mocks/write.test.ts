import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { expect } from "chai";
import fc from "fast-check";
import { pieces } from "../../src/mocks/pieces.ts";
import { PieceWriter } from "../../src/mocks/write.ts";

class FakeResponse extends EventEmitter {
  readonly destroyed = false;
  readonly written: string[] = [];

  write(bytes: Buffer): boolean {
    this.written.push(bytes.toString());
    return true;
  }
}

async function writeAll(size: number | undefined, texts: readonly string[]): Promise<string[]> {
  const response = new FakeResponse();
  const writer = new PieceWriter(response as unknown as ServerResponse, size);
  for (const text of texts) await writer.write(Buffer.from(text));
  await writer.flush();
  return response.written;
}

describe("PieceWriter", () => {
  it("cuts across what it is given, and writes the rest at the end", async () => {
    expect(await writeAll(3, ["ab", "cdefg", "h"])).to.deep.equal(["abc", "def", "gh"]);
  });

  it("writes what it is given when no size is asked for", async () => {
    expect(await writeAll(undefined, ["ab", "cdefg"])).to.deep.equal(["ab", "cdefg"]);
  });
});

describe("pieces", () => {
  it("are the text again, as many as asked for, none of them empty", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z ]{1,60}$/), fc.integer({ min: 1, max: 80 }), (text, count) => {
        const parts = pieces(text, count);
        expect(parts.join("")).to.equal(text);
        expect(parts).to.have.lengthOf(Math.min(count, text.length)).and.not.include("");
      }),
    );
  });

  it("cut no character in two", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 40 }), (text, count) => {
        const parts = pieces(text, count);
        expect(parts.join("")).to.equal(text);
        expect(parts.every((part) => Buffer.from(part).toString() === part)).to.equal(true);
      }),
    );
  });
});
