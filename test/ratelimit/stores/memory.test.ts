import { expect } from "chai";
import { MemoryCounterStore } from "../../../src/ratelimit/stores/memory.ts";
import { counterStoreContract } from "./counter-store.contract.ts";

let nowMs = 1_700_000_000_000;

function makeSubject() {
  return {
    store: new MemoryCounterStore(() => nowMs),
    nowMs: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
}

const subject = makeSubject();
counterStoreContract("MemoryCounterStore", () => subject);

describe("MemoryCounterStore", () => {
  it("L18: drops counters whose time is over", () => {
    const { store, pass } = makeSubject();
    for (let index = 0; index < 50; index++) {
      store.applyNow({
        id: String(index),
        operations: [{ key: `k${index}`, add: 1, refuseAbove: undefined, expiresAtMs: nowMs + 1_000 }],
      });
    }
    expect(store.size).to.equal(50);
    void pass(60_000);
    store.applyNow({
      id: "later",
      operations: [{ key: "k", add: 1, refuseAbove: undefined, expiresAtMs: nowMs + 1_000 }],
    });
    expect(store.size).to.equal(1);
  });
});
