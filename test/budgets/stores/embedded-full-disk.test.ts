import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { expect } from "chai";
import { type BudgetStore, BudgetStoreUnavailable, type Standing } from "../../../src/budgets/budget-store.ts";
import { unfinishedPath } from "../../../src/budgets/stores/journal-files.ts";
import { until } from "../../support/wait.ts";
import { lineOf, makeBudget, makeReserve } from "../support.ts";
import { amounts } from "./driver.ts";
import { failureOf, JournalDirectory } from "./journal-directory.ts";

describe("EmbeddedBudgetStore when the disk is full", () => {
  let disk: JournalDirectory;

  beforeEach(() => {
    disk = new JournalDirectory();
  });

  afterEach(() => {
    disk.remove();
  });

  const calendar = makeBudget();

  async function standing(store: BudgetStore): Promise<Standing | undefined> {
    const [found] = await store.read([{ budget: calendar, account: "alice" }]);
    return found;
  }

  before(function () {
    if (!existsSync("/dev/full") || !existsSync("/proc/self/fd")) this.skip(); // not Linux
  });

  /** The store's file becomes another one: the lowest free number is given to what is opened next. */
  function turnFileInto(device: string): void {
    const file = disk.onlySegment();
    const fd = readdirSync("/proc/self/fd").find((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`) === file;
      } catch {
        return false; // the one that listed them
      }
    });
    if (fd === undefined) throw new Error("the store has its file not open");
    closeSync(Number(fd));
    const opened: number[] = [];
    while (opened.at(-1) !== Number(fd)) opened.push(openSync(device, "w"));
    for (const other of opened.slice(0, -1)) closeSync(other);
  }

  /** Where the next snapshot goes is full, too, until the returned function is called. */
  function fillNext(): () => void {
    const number = Number(/(\d{12})\.jsonl$/.exec(disk.onlySegment())?.[1]) + 1;
    const next = unfinishedPath(disk.directory, number);
    symlinkSync("/dev/full", next);
    return () => rmSync(next, { force: true });
  }

  it("L39: reserves nothing, settles in memory, and goes on by itself when there is room; then the disk knows all of it", async () => {
    const store = await disk.open();
    const call = makeReserve([lineOf(calendar, 40n)]);
    await store.reserve(call);
    const other = makeReserve([lineOf(calendar, 10n)]);
    await store.reserve(other);
    turnFileInto("/dev/full");
    const refused = makeReserve([lineOf(calendar, 1n)]);
    const failure = await failureOf(store.reserve(refused));
    expect(failure).to.be.instanceOf(BudgetStoreUnavailable);
    expect(String(failure)).to.match(/cannot be written to .*ENOSPC/);
    const extension = { id: randomUUID(), sessionId: call.sessionId, amounts: amounts([calendar, 1n]) };
    expect(await failureOf(store.extend(extension))).to.be.instanceOf(BudgetStoreUnavailable);
    const settlement = { id: randomUUID(), sessionId: call.sessionId, amounts: amounts([calendar, 25n]) };
    const settled = await store.settle(settlement);
    expect(settled).to.have.nested.property("lines[0].spent", 25n);
    const metered = [{ sessionId: other.sessionId, amounts: amounts([calendar, 3n]) }];
    expect(await store.meter({ timeToLiveMs: 10_000, sessions: metered })).to.deep.equal(["open"]);
    expect(disk.troubles).to.have.length(1);
    expect(disk.troubles[0]).to.match(/nothing is reserved until they can be/);
    await until("recovery", () => disk.troubles.length > 1);
    expect(disk.troubles[1]).to.match(/are written to .* again/);
    expect(await store.reserve(refused)).to.have.property("kind", "reserved");
    const restarted = await disk.restart();
    expect(await standing(restarted)).to.deep.include({ spent: 25n, held: 11n });
    expect(await restarted.settle(settlement)).to.deep.equal(settled);
    disk.nowMs += 20_000;
    const expired = await restarted.expire({ id: randomUUID(), maxHolds: 10 });
    expect(expired.map(({ verdict }) => verdict)).to.have.members(["metered", "unknown"]);
    await Promise.all([store.close(), restarted.close()]);
  });

  it("L39, L32: when the process ends meanwhile, what was settled in memory only expires as a hold", async () => {
    const store = await disk.open();
    const call = makeReserve([lineOf(calendar, 40n)]);
    await store.reserve(call);
    turnFileInto("/dev/full");
    await store.settle({ id: randomUUID(), sessionId: call.sessionId, amounts: amounts([calendar, 25n]) });
    const restarted = await disk.restart();
    disk.nowMs += 10_000;
    expect(await restarted.expire({ id: randomUUID(), maxHolds: 10 })).to.have.nested.property(
      "[0].verdict",
      "unknown",
    );
    expect(await standing(restarted)).to.deep.include({ spent: 40n, held: 0n });
    await Promise.all([store.close(), restarted.close()]);
  });

  it("L39: with sync always nothing counts as reserved that fdatasync failed for; repeated later it is answered", async () => {
    const store = await disk.open({ sync: "always" });
    const other = makeReserve([lineOf(calendar, 40n)]);
    await store.reserve(other);
    turnFileInto("/dev/null"); // takes what is written, and cannot be synced
    const call = makeReserve([lineOf(calendar, 10n)]);
    const failure = await failureOf(store.reserve(call));
    expect(failure).to.be.instanceOf(BudgetStoreUnavailable);
    const settlement = { id: randomUUID(), sessionId: other.sessionId, amounts: amounts([calendar, 25n]) };
    expect(await store.settle(settlement)).to.have.property("kind", "settled");
    await until("recovery", () => disk.troubles.length > 1);
    expect(await store.reserve(call)).to.have.property("kind", "reserved");
    expect(await disk.inside(disk.image(), standing)).to.deep.include({ spent: 25n, held: 10n });
    await store.close();
  });

  it("expires nothing, so that no other process settles it again", async () => {
    const store = await disk.open();
    await store.reserve(makeReserve([lineOf(calendar, 40n)]));
    turnFileInto("/dev/full");
    const sweep = { id: randomUUID(), maxHolds: 10 };
    expect(await store.expire(sweep)).to.deep.equal([]);
    disk.nowMs += 10_000;
    expect(await failureOf(store.expire(sweep))).to.be.instanceOf(BudgetStoreUnavailable);
    await store.close();
  });

  it("is told once, stays unavailable as long as it lasts, and survives that a new segment cannot be begun", async () => {
    const store = await disk.open({ segmentBytes: 1_000, sync: "always" });
    const makeRoom = fillNext();
    for (let index = 0; index < 10; index++) await store.reserve(makeReserve([lineOf(calendar, 1n)]));
    await until("a word about it", () => disk.troubles.length > 0);
    expect(disk.troubles[0]).to.match(/cannot be renewed \(ENOSPC\)/);
    makeRoom();
    await until("recovery", () => disk.troubles.length > 1);
    expect(disk.troubles[1]).to.match(/are written to .* again/);
    const makeRoomAgain = fillNext();
    turnFileInto("/dev/full");
    for (let index = 0; index < 3; index++) {
      expect(await failureOf(store.reserve(makeReserve([lineOf(calendar, 1n)])))).to.be.instanceOf(
        BudgetStoreUnavailable,
      );
    }
    expect(disk.troubles).to.have.length(3);
    makeRoomAgain();
    await until("recovery", () => disk.troubles.length > 3);
    await store.reserve(makeReserve([lineOf(calendar, 1n)]));
    expect(await disk.inside(disk.image(), standing)).to.have.property("held", 11n);
    expect(disk.troubles).to.have.length(4);
    await store.close();
  });
});
