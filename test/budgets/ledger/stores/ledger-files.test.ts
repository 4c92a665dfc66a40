import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { LedgerFiles, type LedgerOptions } from "../../../../src/budgets/ledger/stores/ledger-files.ts";

describe("LedgerFiles", () => {
  let directory: string;

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "tollgate-ledger-")), "ledger");
  });

  afterEach(() => {
    rmSync(join(directory, ".."), { recursive: true, force: true });
  });

  function open(options: Partial<LedgerOptions> = {}): Promise<LedgerFiles> {
    return LedgerFiles.open({ directory, segmentBytes: 1_000_000, maxSegments: 10, sync: "never", ...options });
  }

  async function write(from: number, to: number, options: Partial<LedgerOptions> = {}): Promise<void> {
    const ledger = await open(options);
    for (let number = from; number < to; number++) await ledger.append({ number });
    await ledger.close();
  }

  /** The numbers that are kept after a restart. */
  async function kept(): Promise<readonly unknown[]> {
    const ledger = await open();
    const { records, damagedLines } = await ledger.read();
    await ledger.close();
    expect(damagedLines).to.equal(0);
    return records.map(({ number }) => number);
  }

  function upTo(count: number): readonly number[] {
    return Array.from({ length: count }, (_, number) => number);
  }

  function onlySegment(): string {
    const [name, ...others] = readdirSync(directory);
    expect(others).to.deep.equal([]);
    return join(directory, name ?? "");
  }

  it("keeps what was appended, through restarts and in order", async () => {
    for (const sync of ["always", "never"] as const)
      await write(sync === "always" ? 0 : 5, sync === "always" ? 5 : 9, { sync });
    expect(await kept()).to.deep.equal(upTo(9));
  });

  it("keeps the order of what is appended at once", async () => {
    const ledger = await open({ sync: "always", segmentBytes: 200, maxSegments: 1_000 });
    await Promise.all(upTo(200).map((number) => ledger.append({ number })));
    await ledger.close();
    expect(await kept()).to.deep.equal(upTo(200));
  });

  it("gathers records before it writes them, and whoever reads or closes does not wait for that", async () => {
    const ledger = await open({ gatherMs: 3_600_000 });
    const appended = upTo(3).map((number) => ledger.append({ number }));
    expect(readdirSync(directory)).to.deep.equal([]);
    expect((await ledger.read()).records).to.have.length(3);
    await Promise.all(appended);
    const last = ledger.append({ number: 3 });
    await ledger.close();
    await last;
    expect(await kept()).to.deep.equal(upTo(4));
  });

  it("recovers from a crash at any byte: what was whole stays, and appending goes on behind it", async () => {
    await write(0, 8);
    const path = onlySegment();
    const bytes = readFileSync(path);
    for (let cut = 0; cut <= bytes.length; cut++) {
      writeFileSync(path, bytes.subarray(0, cut));
      const whole = bytes.subarray(0, cut).filter((byte) => byte === 10).length;
      await write(100, 102);
      expect(await kept(), `cut at ${cut}`).to.deep.equal([...upTo(whole), 100, 101]);
    }
  });

  it("skips and counts a line that was damaged later, and keeps those after it", async () => {
    await write(0, 3);
    const path = onlySegment();
    const bytes = readFileSync(path);
    bytes[bytes.indexOf(10) + 15] = 0;
    writeFileSync(path, bytes);
    const ledger = await open();
    expect(await ledger.read()).to.deep.equal({ records: [{ number: 0 }, { number: 2 }], damagedLines: 1 });
    await ledger.close();
  });

  it("is bounded: begins a new segment when one is full, and deletes the oldest", async () => {
    await write(0, 100, { segmentBytes: 100, maxSegments: 3 });
    const names = readdirSync(directory);
    expect(names).to.have.length(3);
    for (const name of names) expect(statSync(join(directory, name)).size).to.be.below(200);
    const numbers = await kept();
    expect(numbers).to.deep.equal(upTo(100).slice(-numbers.length));
    expect(numbers).to.have.length.within(6, 18);
  });

  it("tells an append that failed, and goes on in a new segment when it can again", async () => {
    const ledger = await open({ segmentBytes: 1 });
    await ledger.append({ number: 0 });
    rmSync(directory, { recursive: true });
    expect(await ledger.append({ number: 1 }).then(String, String)).to.match(/ENOENT/);
    await write(0, 0);
    await ledger.append({ number: 2 });
    await ledger.close();
    expect(await kept()).to.deep.equal([2]);
  });

  it("leaves other files of the directory alone, and its own to their owner", async () => {
    await write(0, 1);
    expect(statSync(onlySegment()).mode & 0o077).to.equal(0);
    writeFileSync(join(directory, "notes.txt"), "mine");
    await write(1, 20, { segmentBytes: 1, maxSegments: 1 });
    expect(readdirSync(directory)).to.include("notes.txt").and.to.have.length(2);
  });
});
