import { expect } from "chai";
import type { CounterCall, CounterResult, CounterStore } from "../../src/ratelimit/counter-store.ts";
import { ChargeJournal } from "../../src/ratelimit/journal.ts";

function call(id: string, ...adds: number[]): CounterCall {
  return { id, operations: adds.map((add, index) => ({ key: `k${index}`, add, refuseAbove: 10, expiresAtMs: 1 })) };
}

/** Notes what it is given; each call waits for `answer` or `fail`. */
class SlowStore implements CounterStore {
  readonly given: CounterCall[] = [];
  #waiting: {
    readonly resolve: (results: readonly CounterResult[]) => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  apply(given: CounterCall): Promise<readonly CounterResult[]> {
    this.given.push(given);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  answer(): void {
    this.#waiting.shift()?.resolve([{ value: 1, overLimit: false }]);
  }

  fail(): void {
    this.#waiting.shift()?.reject(new Error("away"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("ChargeJournal", () => {
  it("L18: keeps what a call adds, without its bounds, and nothing of pure checks", async () => {
    const journal = new ChargeJournal(10, () => undefined);
    journal.add(call("check", 0, 0));
    expect(journal.size).to.equal(0);
    journal.add(call("mixed", 0, 5));
    const store = new SlowStore();
    void journal.replay(store);
    expect(store.given).to.deep.equal([
      { id: "mixed", operations: [{ key: "k1", add: 5, refuseAbove: undefined, expiresAtMs: 1 }] },
    ]);
  });

  it("L19: replays in order with the calls' own ids, one replay at a time", async () => {
    const journal = new ChargeJournal(10, () => undefined);
    const store = new SlowStore();
    for (const id of ["a", "b", "c"]) journal.add(call(id, 1));
    const told: string[] = [];
    const first = journal.replay(store, ({ id }) => told.push(id));
    const second = journal.replay(store);
    expect(second).to.equal(first);
    for (const _ of [1, 2, 3]) {
      store.answer();
      await turn();
    }
    await first;
    expect(store.given.map(({ id }) => id)).to.deep.equal(["a", "b", "c"]);
    expect(told).to.deep.equal(["a", "b", "c"]);
    expect(journal.size).to.equal(0);
  });

  it("L19: stops at a failure and keeps that call and the rest", async () => {
    const journal = new ChargeJournal(10, () => undefined);
    const store = new SlowStore();
    for (const id of ["a", "b", "c"]) journal.add(call(id, 1));
    const replay = journal.replay(store);
    store.answer();
    await turn();
    store.fail();
    await replay;
    expect(journal.size).to.equal(2);
    void journal.replay(store);
    expect(store.given.map(({ id }) => id)).to.deep.equal(["a", "b", "b"]);
  });

  it("L19: loses nothing when it overflows while it is replayed", async () => {
    let dropped = 0;
    const journal = new ChargeJournal(2, () => dropped++);
    const store = new SlowStore();
    journal.add(call("a", 1));
    journal.add(call("b", 1));
    const replay = journal.replay(store);
    journal.add(call("c", 1));
    for (const _ of [1, 2, 3]) {
      store.answer();
      await turn();
    }
    await replay;
    expect(store.given.map(({ id }) => id)).to.deep.equal(["a", "b", "c"]);
    expect(dropped).to.equal(1);
    expect(journal.size).to.equal(0);
  });

  it("L19: holds many calls and drops the oldest", async () => {
    let dropped = 0;
    const journal = new ChargeJournal(5_000, () => dropped++);
    for (let index = 0; index < 12_000; index++) journal.add(call(String(index), 1));
    expect(journal.size).to.equal(5_000);
    expect(dropped).to.equal(7_000);
    const store = new SlowStore();
    void journal.replay(store);
    expect(store.given[0]?.id).to.equal("7000");
  });
});
