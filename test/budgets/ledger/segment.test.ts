import { expect } from "chai";
import fc from "fast-check";
import { encodeLine, type LedgerRecord, readLog, readSegment } from "../../../src/budgets/ledger/segment.ts";

const records: readonly LedgerRecord[] = [
  { session: "a", verdict: "billed", cost: "10000000000000001" },
  { session: "b\n\u2028 ü😀", verdict: "free" },
  { session: "c", verdict: "unknown", lines: [{ budget: "ns/x" }] },
];
const lines = records.map(encodeLine);
const bytes = Buffer.concat(lines);

describe("ledger segments", () => {
  it("give back what was written, bigints as their decimal text", () => {
    expect(readSegment(bytes)).to.deep.equal({ records, intactBytes: bytes.length, damagedLines: 0 });
    expect(readSegment(encodeLine({ cost: 2n ** 60n })).records).to.deep.equal([{ cost: String(2n ** 60n) }]);
  });

  it("give back whatever JSON can say", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 1 }), { size: "-1" })),
        (some) => {
          const plain = some.map((record) => JSON.parse(JSON.stringify(record)) as LedgerRecord);
          const read = readSegment(Buffer.concat(plain.map(encodeLine)));
          expect(read.records).to.deep.equal(plain);
          expect(read.damagedLines).to.equal(0);
        },
      ),
    );
  });

  it("cut at any byte give the whole lines before the cut", () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const ends = lines.map((_, index) => Buffer.concat(lines.slice(0, index + 1)).length);
      const whole = ends.filter((end) => end <= cut);
      const intactBytes = whole.at(-1) ?? 0;
      expect(readSegment(bytes.subarray(0, cut))).to.deep.equal({
        records: records.slice(0, whole.length),
        intactBytes,
        damagedLines: intactBytes < cut ? 1 : 0,
      });
    }
  });

  it("with any byte changed lose the lines that it belongs to, and no others", () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x04;
      const { records: read, damagedLines } = readSegment(changed);
      expect(damagedLines, `byte ${at}`).to.be.above(0);
      // a changed newline makes one line of two
      const lost = bytes[at] === 10 ? 2 : 1;
      expect(read.length, `byte ${at}`).to.be.at.least(records.length - lost);
      for (const record of read) expect(records).to.deep.include(record);
    }
  });
});

describe("readLog", () => {
  it("reads lines with checksums and plain JSON lines, with any line ends, and counts what is neither", () => {
    const [first, second] = [encodeLine({ session: "a" }), encodeLine({ session: "b" })];
    const plain = '{"session":"c"}\r\n\n   \n{"session":\nnonsense\n{"session":"d"}';
    const log = Buffer.concat([
      first,
      Buffer.from(plain),
      Buffer.from("\n"),
      second.subarray(0, -3),
      Buffer.from("\n"),
    ]);
    expect(readLog(log)).to.deep.equal({
      records: [{ session: "a" }, { session: "c" }, { session: "d" }],
      damagedLines: 3,
    });
    expect(readLog(Buffer.alloc(0))).to.deep.equal({ records: [], damagedLines: 0 });
  });
});
