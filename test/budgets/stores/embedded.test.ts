import { randomUUID } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import {
  type BudgetStore,
  BudgetStoreUnavailable,
  type ReserveLine,
  type Standing,
} from "../../../src/budgets/budget-store.ts";
import { encodeLine, readSegment } from "../../../src/budgets/ledger/segment.ts";
import { EmbeddedBudgetStore } from "../../../src/budgets/stores/embedded.ts";
import { until } from "../../support/wait.ts";
import { day, lineOf, makeBudget, makeReserve, rollingHour } from "../support.ts";
import { budgetStoreContract } from "./budget-store.contract.ts";
import { amounts, type BudgetStoreSubject, noon } from "./driver.ts";
import { failureOf, JournalDirectory } from "./journal-directory.ts";

describe("EmbeddedBudgetStore", () => {
  let disk: JournalDirectory;

  beforeEach(() => {
    disk = new JournalDirectory();
  });

  afterEach(() => {
    disk.remove();
  });

  // short names: the journal is cut at every byte
  const calendar = makeBudget({ id: "c", window: day });
  const rolling = makeBudget({ id: "r", window: rollingHour, limit: 1_000_000_000_000_000_007n });
  const soft = makeBudget({ id: "s", enforcement: "Soft", limit: 20n });
  const shadow = makeBudget({ id: "h", enforcement: "Shadow", limit: 1n });

  function standings(store: BudgetStore): Promise<readonly Standing[]> {
    return store.read(
      [calendar, rolling, soft, shadow].flatMap((budget) => [
        { budget, account: "alice" },
        { budget, account: "ü😀\n" },
        { budget, account: "alice", atMs: noon },
      ]),
    );
  }

  /** A day in the life of a store: everything that can be done with it. */
  function story(): readonly ((store: BudgetStore) => Promise<unknown>)[] {
    const all = [calendar, rolling, soft, shadow];
    const ask = (sessionId: string, ...lines: ReserveLine[]) => makeReserve(lines, { id: "ask", sessionId });
    const first = ask("1", ...all.map((budget) => lineOf(budget, 10n)));
    const second = { ...ask("2", { ...lineOf(calendar, 30n, "ü😀\n"), leastRemaining: 5n }), owner: "gateway-2" };
    const third = ask("3", lineOf(rolling, 7n), lineOf(shadow, 5n));
    const refused = ask("4", lineOf(calendar, 91n));
    const each = (amount: bigint) => amounts(...all.map((budget) => [budget, amount] as const));
    const extension = { id: "more", sessionId: first.sessionId, amounts: each(3n) };
    const tooMuch = { id: "most", sessionId: first.sessionId, amounts: each(200n) };
    const early = { id: "early", sessionId: "5", amounts: [] };
    const bill = { id: "bill", sessionId: first.sessionId, amounts: each(17n) };
    const late = { id: "late", sessionId: second.sessionId, amounts: amounts([calendar, 1n]) };
    const metered = [{ sessionId: second.sessionId, amounts: amounts([calendar, 12n]) }];
    const sweep = { id: "sweep", maxHolds: 1 };
    const rest = { id: "rest", maxHolds: 10 };
    return [
      (store) => store.reserve(first),
      (store) => store.reserve(second),
      (store) => store.reserve(refused),
      (store) => store.extend(extension),
      (store) => store.extend(tooMuch),
      (store) => store.extend(early),
      (store) => store.settle({ ...early, id: "none" }),
      (store) => store.meter({ timeToLiveMs: 10_000, sessions: metered }),
      (store) => store.settle(bill),
      (store) => store.reserve(third),
      (store) => store.expire(sweep),
      (store) => store.expire(rest),
      (store) => store.settle(late),
    ];
  }

  /** When the steps of the story happen: the last ones when holds are over. */
  function timeOf(step: number): number {
    return noon + step * 100 + (step >= 10 ? 3_600_000 : 0);
  }

  describe("in the contract", () => {
    let contractRoot: string;
    let subject: BudgetStoreSubject;

    before(async () => {
      contractRoot = mkdtempSync(join(tmpdir(), "tollgate-embedded-"));
      const store = await EmbeddedBudgetStore.open({ directory: contractRoot, nowMs: () => subject.nowMs });
      subject = { store, nowMs: noon };
    });

    after(async () => {
      await subject.store.close();
      rmSync(contractRoot, { recursive: true, force: true });
    });

    budgetStoreContract("EmbeddedBudgetStore", () => subject);
  });

  for (const sync of ["never", "always"] as const) {
    it(`L39: knows everything after a restart, and answers repetitions as before (sync ${sync})`, async () => {
      let store = await disk.open({ sync });
      const answers: unknown[] = [];
      for (const [step, take] of story().entries()) {
        disk.nowMs = timeOf(step);
        answers.push(await take(store));
        // the old one is left as it is, as kill -9 leaves it
        store = await disk.restart({ sync });
      }
      expect(answers).to.have.length(story().length);
      expect(await standings(store)).to.have.nested.property("[1].spent", 1n);
      expect(disk.troubles).to.deep.equal([]);
      await store.close();
    });
  }

  it("L39: gives the answers of a store that never ended, wherever restarts come", async () => {
    const steps = story();
    const straight = await disk.open({ directory: join(disk.root, "straight") });
    let restarted = await disk.open();
    for (const [step, take] of steps.entries()) {
      disk.nowMs = timeOf(step);
      const answer = await take(straight);
      expect(await take(restarted), `step ${step}`).to.deep.equal(answer);
      restarted = await disk.restart();
      expect(await standings(restarted), `after step ${step}`).to.deep.equal(await standings(straight));
      expect(await take(restarted), `step ${step} repeated`).to.deep.equal(await take(straight));
    }
    await Promise.all([straight.close(), restarted.close()]);
  });

  it("L39: cut at any byte of the journal it knows every operation whose line is whole, and nothing of the others", async function () {
    this.timeout(60_000);
    const store = await disk.open();
    const begin = statSync(disk.onlySegment()).size;
    const ends: number[] = [];
    const states: (readonly Standing[])[] = [await standings(store)];
    for (const [step, take] of story().entries()) {
      disk.nowMs = timeOf(step);
      await take(store);
      ends.push(statSync(disk.onlySegment()).size);
      disk.nowMs = timeOf(0);
      states.push(await standings(store));
    }
    expect(new Set(ends)).to.have.property("size", ends.length);
    await store.close();
    const last = ends.at(-1) ?? 0;
    const bytes = readFileSync(disk.onlySegment());
    const copy = join(disk.root, "cut");
    for (let cut = begin; cut <= last; cut++) {
      mkdirSync(copy);
      writeFileSync(join(copy, basename(disk.onlySegment())), bytes.subarray(0, cut));
      const whole = ends.filter((end) => end <= cut).length;
      expect(await disk.inside(copy, standings), `cut at ${cut}`).to.deep.equal(states[whole]);
      rmSync(copy, { recursive: true });
    }
    expect(disk.troubles).to.deep.equal([]);
  });

  it("L39: whatever kill -9 finds in the middle of beginning a new segment, nothing is lost", async function () {
    this.timeout(60_000);
    const store = await disk.open({ segmentBytes: 1 });
    const budget = makeBudget({ limit: 1_000_000n });
    const seen = new Set<string>();
    let held = 0n;
    for (let index = 0; index < 150; index++) {
      await Promise.all([
        store.reserve(makeReserve([lineOf(budget, 1n)])),
        store.reserve(makeReserve([lineOf(budget, 2n)])),
      ]);
      held += 3n;
      // as long as so many calls of the file system
      for (let calls = index % 25; calls > 0; calls--) await stat(disk.directory);
      const copy = disk.image();
      const names = readdirSync(copy);
      seen.add(names.map((name) => (name.endsWith(".part") ? "part" : "whole")).join(" "));
      const [standing] = await disk.inside(copy, (other) => other.read([{ budget, account: "alice" }]));
      expect(standing?.held, names.join(" ")).to.equal(held);
      rmSync(copy, { recursive: true });
    }
    await store.close();
    expect([...seen], "what was met").to.include.members(["whole", "whole part", "whole whole"]);
    expect(disk.troubles).to.deep.equal([]);
  });

  it("L39: an unfinished snapshot does not count, wherever it is cut", async () => {
    const store = await disk.open();
    const call = makeReserve([lineOf(calendar, 40n)]);
    await store.reserve(call);
    await store.close();
    const bytes = readFileSync(disk.onlySegment());
    const next = `${disk.onlySegment().replace(/\d+(?=\.jsonl)/, (digits) => String(Number(digits) + 1).padStart(12, "0"))}.part`;
    for (const cut of [0, 1, 50, bytes.length - 1]) {
      writeFileSync(next, bytes.subarray(0, cut));
      const [standing] = await disk.inside(disk.image(), standings);
      expect(standing?.held, `cut at ${cut}`).to.equal(40n);
    }
    rmSync(next);
  });

  it("L39: takes from the segment before what a power cut has torn off the newest", async () => {
    const store = await disk.open();
    await store.reserve(makeReserve([lineOf(calendar, 40n)]));
    const before = disk.onlySegment();
    const kept = join(disk.root, "before");
    cpSync(before, kept);
    await store.close();
    const again = await disk.open();
    await again.close();
    const newest = disk.onlySegment();
    expect(newest).to.not.equal(before);
    // the newest as it is when its snapshot was taken before the reservation, and the line copied to it is torn
    const empty = join(disk.root, "empty");
    await (await disk.open({ directory: empty })).close();
    const head = readFileSync(join(empty, readdirSync(empty)[0] ?? ""));
    writeFileSync(newest, Buffer.concat([head, readFileSync(kept).subarray(head.length, -3)]));
    expect((await disk.inside(disk.image(), standings))[0]?.held, "without the one before").to.equal(0n);
    cpSync(kept, before);
    expect((await disk.inside(disk.image(), standings))[0]?.held).to.equal(40n);
  });

  it("L39: numbers its operations on through restarts, so that none is repeated on what knows it already", async () => {
    for (let restarts = 0; restarts < 3; restarts++) {
      const store = await disk.open();
      await store.reserve(makeReserve([lineOf(calendar, 1n)]));
      await store.meter({ timeToLiveMs: 1, sessions: [] });
      await store.expire({ id: "nothing is due", maxHolds: 1 });
      await store.close();
    }
    const [first, ...others] = readSegment(readFileSync(disk.onlySegment())).records;
    expect(first).to.deep.equal({ kind: "snapshot", format: 1, after: 2 });
    expect(others.filter(({ number }) => number !== undefined).map(({ number }) => number)).to.deep.equal([3]);
  });

  it("is bounded: one segment remains, of the size of its state", async () => {
    const store = await disk.open({ segmentBytes: 20_000 });
    const budget = makeBudget({ limit: 10n ** 9n });
    for (let index = 0; index < 3_000; index++) {
      disk.nowMs += 60_000;
      const call = makeReserve([lineOf(budget, 1n)]);
      await store.reserve(call);
      await store.settle({ id: randomUUID(), sessionId: call.sessionId, amounts: amounts([budget, 1n]) });
    }
    await store.close();
    // 61 sessions are remembered
    expect(statSync(disk.onlySegment()).size).to.be.below(200_000);
    expect(disk.troubles).to.deep.equal([]);
  });

  it("leaves its files to their owner, and others' files alone", async () => {
    const store = await disk.open();
    writeFileSync(join(disk.directory, "notes.txt"), "mine");
    await store.close();
    await (await disk.open()).close();
    expect(readFileSync(join(disk.directory, "notes.txt"), "utf8")).to.equal("mine");
    for (const path of disk.segments().filter((name) => name.endsWith(".jsonl"))) {
      expect(statSync(path).mode & 0o077, path).to.equal(0);
    }
  });

  it("tells what is damaged, and goes on with the rest", async () => {
    const store = await disk.open();
    const head = statSync(disk.onlySegment()).size;
    for (const amount of [1n, 2n, 4n]) await store.reserve(makeReserve([lineOf(calendar, amount)]));
    await store.close();
    const bytes = readFileSync(disk.onlySegment());
    bytes[head + 20] = (bytes[head + 20] ?? 0) ^ 1;
    writeFileSync(disk.onlySegment(), bytes);
    expect((await disk.inside(disk.image(), standings))[0]?.held).to.equal(6n);
    expect(disk.troubles.join()).to.match(/is lost: damaged lines: 1/);
    writeFileSync(disk.onlySegment(), bytes.subarray(0, 10));
    await disk.inside(disk.image(), standings);
    expect(disk.troubles.join()).to.match(/is lost: its beginning is cut off/);
  });

  it("a mistake of the caller is told, and a restart goes over it", async () => {
    const store = await disk.open();
    const call = makeReserve([lineOf(calendar, 5n)]);
    await store.reserve(call);
    const wrong = { id: randomUUID(), sessionId: call.sessionId, amounts: amounts([rolling, 1n]) };
    for (const mistake of [store.settle(wrong), store.extend(wrong), store.reserve(makeReserve([]))]) {
      expect(await failureOf(mistake)).to.be.instanceOf(RangeError);
    }
    await store.settle({ ...wrong, amounts: amounts([calendar, 2n]) });
    expect((await disk.inside(disk.image(), standings))[0]).to.deep.include({ spent: 2n, held: 0n });
    await store.close();
  });

  it("refuses the format of another version, and says what to do", async () => {
    await (await disk.open()).close();
    writeFileSync(disk.onlySegment(), encodeLine({ kind: "snapshot", format: 2, after: 0 }));
    expect(String(await failureOf(disk.open()))).to.match(/\.jsonl has format 2.*start the version that wrote it/);
  });

  it("after it was closed it holds nothing more", async () => {
    const store = await disk.open();
    await store.close();
    expect(await failureOf(store.reserve(makeReserve([lineOf(calendar, 1n)])))).to.be.instanceOf(
      BudgetStoreUnavailable,
    );
  });

  it("comes back when its folder was deleted under it: the next snapshot knows everything", async () => {
    const store = await disk.open({ segmentBytes: 1 });
    await store.reserve(makeReserve([lineOf(calendar, 5n)]));
    rmSync(disk.directory, { recursive: true });
    await until("a new segment", async () => {
      await store.reserve(makeReserve([lineOf(shadow, 1n)]));
      return existsSync(disk.directory) && disk.segments().length > 0;
    });
    expect((await disk.inside(disk.image(), standings))[0]?.held).to.equal(5n);
    await store.close();
  });
});
