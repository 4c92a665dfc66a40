import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeLine, type LedgerRecord } from "../../../src/budgets/ledger/segment.ts";
import { segmentPath, unfinishedPath } from "../../../src/budgets/stores/journal-files.ts";
import { readJournal } from "../../../src/budgets/stores/read-journal.ts";

describe("the journal of the embedded budget store", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tollgate-journal-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function segment(after: number, entries: readonly string[], operations: readonly number[]): Buffer {
    const records: readonly LedgerRecord[] = [
      { kind: "snapshot", format: 1, after },
      ...entries.map((kind) => ({ kind })),
      { kind: "complete" },
      ...operations.map((number) => ({ number })),
    ];
    return Buffer.concat(records.map(encodeLine));
  }

  /** What is told, in its order: names of entries, numbers of operations. */
  async function read() {
    const told: unknown[] = [];
    const end = await readJournal(directory, {
      entry: ({ kind }) => told.push(kind),
      operation: async ({ number }) => {
        told.push(number);
      },
    });
    return { told, ...end };
  }

  it("is empty at first", async () => {
    expect(await read()).to.deep.equal({ told: [], segment: 0, operation: 0, damage: undefined });
  });

  it("L39: tells what the newest segment knows, and from the one before only what came after its end", async () => {
    writeFileSync(segmentPath(directory, 4), segment(5, ["old"], [6, 7, 8, 9]));
    writeFileSync(segmentPath(directory, 5), segment(7, ["a", "b"], [8]));
    expect(await read()).to.deep.equal({ told: ["a", "b", 8, 9], segment: 5, operation: 9, damage: undefined });
  });

  it("L39: repeats nothing that the snapshot knows already", async () => {
    writeFileSync(segmentPath(directory, 4), segment(5, ["old"], [6, 7]));
    writeFileSync(segmentPath(directory, 5), segment(7, ["a"], []));
    expect(await read()).to.deep.equal({ told: ["a"], segment: 5, operation: 7, damage: undefined });
  });

  it("L39: takes no segment that has not got its name yet", async () => {
    writeFileSync(segmentPath(directory, 4), segment(5, ["a"], [6]));
    writeFileSync(unfinishedPath(directory, 5), segment(6, ["b"], []));
    expect(await read()).to.deep.equal({ told: ["a", 6], segment: 4, operation: 6, damage: undefined });
  });

  it("does not call an end damaged that a crash has torn, but a line before others", async () => {
    const bytes = segment(5, ["a"], [6, 7]);
    writeFileSync(segmentPath(directory, 1), bytes.subarray(0, -1));
    expect(await read()).to.deep.include({ told: ["a", 6], damage: undefined });
    bytes[bytes.length - 30] = 0;
    writeFileSync(segmentPath(directory, 1), bytes);
    expect(await read()).to.deep.include({ told: ["a", 7], damage: "damaged lines: 1" });
  });
});
