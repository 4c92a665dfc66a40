import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeLine } from "../../../../src/budgets/ledger/segment.ts";
import { FileLedger, type FileLedgerOptions } from "../../../../src/budgets/ledger/stores/file-ledger.ts";
import { until } from "../../../support/wait.ts";
import { allOf, ledgerContract, stored } from "../ledger.contract.ts";
import { makeExpired, makeRecord, ToldEvents } from "../support.ts";

describe("FileLedger", () => {
  let root: string;
  let directory: string;
  let events: ToldEvents;
  let ledger: FileLedger;

  async function open(options: Partial<FileLedgerOptions> = {}): Promise<FileLedger> {
    const sizes = { segmentBytes: 1_000_000, maxSegments: 10, sync: "never" as const, maxFound: 1_000 };
    ledger = await FileLedger.open({ directory, events, ...sizes, ...options });
    return ledger;
  }

  async function reopen(options: Partial<FileLedgerOptions> = {}): Promise<FileLedger> {
    await ledger.close();
    return await open(options);
  }

  function segments(): readonly string[] {
    return readdirSync(directory).map((name) => join(directory, name));
  }

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "tollgate-file-ledger-"));
    directory = join(root, "ledger");
    events = new ToldEvents();
    await open();
  });

  afterEach(async () => {
    await ledger.close();
    rmSync(root, { recursive: true, force: true });
  });

  ledgerContract("FileLedger", () => ledger);

  it("finds everything again after a restart, and goes on behind it", async () => {
    const [first, second, hold] = [makeRecord(), makeRecord({ requestId: undefined }), makeExpired()];
    for (const entry of [first, second, hold]) ledger.append(entry);
    await reopen({ segmentBytes: 1 });
    const third = makeRecord();
    ledger.append(third);
    for (const { session } of [first, second, third]) expect((await ledger.find(session))?.session).to.equal(session);
    expect(segments()).to.have.length(2);
    expect((await ledger.find(first.requestId ?? ""))?.session).to.equal(first.session);
    expect(await allOf(ledger)).to.deep.equal([first, second, hold, third].map(stored));
  });

  it("recovers from a crash at any byte: whole entries are found, the torn one is not", async () => {
    const entries = [makeRecord({ attempts: [], budgets: [] }), makeRecord({ attempts: [], budgets: [] })];
    for (const entry of entries) ledger.append(entry);
    await ledger.close();
    const [path = ""] = segments();
    const bytes = readFileSync(path);
    for (let cut = 0; cut <= bytes.length; cut += 3) {
      writeFileSync(path, bytes.subarray(0, cut));
      await open();
      const after = makeRecord({ attempts: [], budgets: [] });
      ledger.append(after);
      const whole = bytes.subarray(0, cut).filter((byte) => byte === 10).length;
      for (const [index, { session }] of entries.entries())
        expect((await ledger.find(session)) !== undefined, `entry ${index} cut at ${cut}`).to.equal(index < whole);
      expect((await ledger.find(after.session))?.session).to.equal(after.session);
      await ledger.close();
    }
  });

  it("passes over lines that are damaged or no entries, and counts them", async () => {
    const [before, after] = [makeRecord(), makeRecord()];
    ledger.append(before);
    await ledger.close();
    const [path = ""] = segments();
    const foreign = [{}, { type: "request" }, { ...makeRecord(), costNanoUsd: "1" }, { type: "hold", id: "1" }];
    for (const record of foreign) appendFileSync(path, encodeLine(record));
    appendFileSync(path, "not a line of ours\n");
    appendFileSync(path, encodeLine({ ...after }));
    await open();
    expect(events.skips).to.equal(foreign.length + 1);
    expect(await allOf(ledger)).to.deep.equal([before, after].map(stored));
  });

  it("is bounded: old segments go, and what was in them is not found", async () => {
    await reopen({ segmentBytes: 1, maxSegments: 3 });
    const entries = Array.from({ length: 10 }, () => makeRecord());
    for (const entry of entries) {
      ledger.append(entry);
      await ledger.find(entry.session); // each in a segment of its own
    }
    expect(segments()).to.have.length(3);
    const found = await Promise.all(entries.map(({ session }) => ledger.find(session)));
    expect(found.map((record) => record !== undefined)).to.deep.equal(entries.map((_, index) => index >= 7));
    expect(await allOf(ledger)).to.have.length(3);
  });

  it("is bounded in memory: only the newest are found by their ids, also after a restart", async () => {
    const entries = Array.from({ length: 5 }, () => makeRecord());
    await reopen({ maxFound: 2 });
    for (const entry of entries) ledger.append(entry);
    for (const again of [false, true]) {
      if (again) await reopen({ maxFound: 2 });
      const found = await Promise.all(entries.map(({ session }) => ledger.find(session)));
      expect(found.map((record) => record !== undefined)).to.deep.equal([false, false, false, true, true]);
      expect(await allOf(ledger)).to.have.length(5);
    }
  });

  it("never throws: an entry that cannot be written is counted, the reason told once, and it goes on when it can", async () => {
    await reopen({ segmentBytes: 1 });
    const lost = [makeRecord(), makeRecord()];
    ledger.append(makeRecord());
    await allOf(ledger);
    rmSync(directory, { recursive: true });
    writeFileSync(directory, "a file where the directory was");
    for (const entry of lost) ledger.append(entry);
    await until("both to be lost", () => events.drops === lost.length);
    expect(events.failures).to.have.length(1);
    expect(events.failures[0]).to.match(/^the ledger cannot be written \(ENOTDIR.*receipts are lost until it can$/);
    rmSync(directory);
    await reopen();
    const kept = makeRecord();
    ledger.append(kept);
    expect((await ledger.find(kept.session))?.session).to.equal(kept.session);
    expect(events.drops).to.equal(lost.length);
  });

  it("drops what more than 10,000 entries wait before, instead of growing", async () => {
    const count = 10_050;
    for (let number = 0; number < count; number++) ledger.append(makeExpired({ budgets: [] }));
    expect(events.drops).to.equal(50);
    expect(await allOf(ledger)).to.have.length(count - 50);
    expect(events.failures).to.deep.equal([
      "the ledger cannot be written (10000 entries wait to be written already); receipts are lost until it can",
    ]);
  });
});
