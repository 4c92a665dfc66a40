import { expect } from "chai";
import type { CounterCall, CounterOperation, CounterStore } from "../../../src/ratelimit/counter-store.ts";

/** What every implementation is asked for. */
export interface CounterStoreSubject {
  readonly store: CounterStore;
  /** Lets `ms` pass on the store's clock. */
  readonly pass: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
}

let keys = 0;
let ids = 0;

function freshKey(): string {
  return `key-${++keys}`;
}

function freshId(): string {
  return `id-${++ids}`;
}

/** The cases that every CounterStore passes (limits.md L13, L15, L18, L19). */
export function counterStoreContract(name: string, subject: () => CounterStoreSubject): void {
  describe(`${name} as a CounterStore`, () => {
    function operation(key: string, add: number, refuseAbove?: number, lifeMs = 3_600_000): CounterOperation {
      return { key, add, refuseAbove, expiresAtMs: subject().nowMs() + lifeMs };
    }

    function apply(...operations: CounterOperation[]) {
      return subject().store.apply({ id: freshId(), operations });
    }

    async function read(key: string): Promise<number | undefined> {
      return (await apply(operation(key, 0)))[0]?.value;
    }

    it("L13: adds, and answers with the counter after the addition", async () => {
      const key = freshKey();
      expect(await apply(operation(key, 3))).to.deep.equal([{ value: 3, overLimit: false }]);
      expect(await apply(operation(key, 4))).to.deep.equal([{ value: 7, overLimit: false }]);
    });

    it("L13: is over the limit only when the counter after adding is above it", async () => {
      const key = freshKey();
      expect(await apply(operation(key, 10, 10))).to.deep.equal([{ value: 10, overLimit: false }]);
      expect(await apply(operation(key, 1, 10))).to.deep.equal([{ value: 10, overLimit: true }]);
      expect(await read(key)).to.equal(10);
    });

    it("L13: adding 0 reads, and is refused only when the counter is above the limit already", async () => {
      const key = freshKey();
      expect(await apply(operation(key, 0, 5))).to.deep.equal([{ value: 0, overLimit: false }]);
      await apply(operation(key, 5));
      expect(await apply(operation(key, 0, 5))).to.deep.equal([{ value: 5, overLimit: false }]);
      await apply(operation(key, 1));
      expect(await apply(operation(key, 0, 5))).to.deep.equal([{ value: 6, overLimit: true }]);
    });

    it("L13, L15: a refused call adds nothing to any of its counters, wherever the refusal stands", async () => {
      for (const refusedAt of [0, 1, 2]) {
        const of = [freshKey(), freshKey(), freshKey()];
        const results = await apply(...of.map((key, index) => operation(key, 5, index === refusedAt ? 4 : 100)));
        expect(results.map(({ overLimit }) => overLimit)).to.deep.equal(of.map((_, index) => index === refusedAt));
        expect(results.map(({ value }) => value)).to.deep.equal([0, 0, 0]);
        for (const key of of) expect(await read(key)).to.equal(0);
      }
    });

    it("L13: a charge is never refused and may push the counter past the limit", async () => {
      const key = freshKey();
      await apply(operation(key, 9, 10));
      expect(await apply(operation(key, 500))).to.deep.equal([{ value: 509, overLimit: false }]);
    });

    it("L13: negative additions give back and never fall below 0", async () => {
      const key = freshKey();
      await apply(operation(key, 10));
      expect((await apply(operation(key, -4)))[0]?.value).to.equal(6);
      expect((await apply(operation(key, -40)))[0]?.value).to.equal(0);
      expect((await apply(operation(key, 1)))[0]?.value).to.equal(1);
    });

    it("L15: several operations of a call on one key see each other", async () => {
      const key = freshKey();
      const both = await apply(operation(key, 3), operation(key, 4));
      expect(both[1]?.value).to.equal(7);
      expect(await read(key)).to.equal(7);
      const refused = await apply(operation(key, 2, 10), operation(key, 2, 10));
      expect(refused.map(({ overLimit }) => overLimit)).to.deep.equal([false, true]);
      expect(await read(key)).to.equal(7);
    });

    it("L19: the same id counts once and gets the same answer, whatever happened since", async () => {
      const key = freshKey();
      const other = freshKey();
      const call: CounterCall = { id: freshId(), operations: [operation(key, 5, 100), operation(other, 7)] };
      const first = await subject().store.apply(call);
      await apply(operation(key, 20));
      expect(await subject().store.apply(call)).to.deep.equal(first);
      expect(await read(key)).to.equal(25);
      expect(await read(other)).to.equal(7);
    });

    it("L19: a refused call may come back as a charge with the same id, and counts then", async () => {
      const key = freshKey();
      const id = freshId();
      const refused = await subject().store.apply({ id, operations: [operation(key, 5, 4)] });
      expect(refused).to.deep.equal([{ value: 0, overLimit: true }]);
      await subject().store.apply({ id, operations: [operation(key, 5)] });
      await subject().store.apply({ id, operations: [operation(key, 5)] });
      expect(await read(key)).to.equal(5);
    });

    it("L19: a hundred repetitions at once count once", async () => {
      const key = freshKey();
      const call: CounterCall = { id: freshId(), operations: [operation(key, 3)] };
      await Promise.all(Array.from({ length: 100 }, () => subject().store.apply(call)));
      expect(await read(key)).to.equal(3);
    });

    it("L14: a counter is gone when its time is over, and the others stay", async () => {
      const key = freshKey();
      const longer = freshKey();
      await apply(operation(key, 5, undefined, 200), operation(longer, 6));
      expect(await read(key)).to.equal(5);
      await subject().pass(250);
      expect(await read(key)).to.equal(0);
      expect(await read(longer)).to.equal(6);
    });

    it("L15: 200 concurrent calls count exactly, and no more than fit are let through", async () => {
      const key = freshKey();
      const results = await Promise.all(Array.from({ length: 200 }, () => apply(operation(key, 3, 300))));
      expect(results.filter(([result]) => result?.overLimit === false)).to.have.length(100);
      expect(await read(key)).to.equal(300);
    });

    it("L12: values up to 2^53 stay exact, also in a recorded answer", async () => {
      const key = freshKey();
      const large = 2 ** 53 - 10;
      const call: CounterCall = { id: freshId(), operations: [operation(key, large)] };
      expect((await subject().store.apply(call))[0]?.value).to.equal(large);
      expect((await subject().store.apply(call))[0]?.value).to.equal(large);
      expect((await apply(operation(key, 7)))[0]?.value).to.equal(large + 7);
    });

    it("takes keys with any characters", async () => {
      const key = `${freshKey()} {brace} "quote" % \n ü 😀 :|`;
      await apply(operation(key, 2));
      expect(await read(key)).to.equal(2);
    });

    it("answers a call without operations with nothing", async () => {
      expect(await apply()).to.deep.equal([]);
    });
  });
}
