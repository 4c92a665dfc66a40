import { expect } from "chai";
import { type Steps, Turns } from "../../../src/metering/tokens/turns.ts";

/** Time passes only by steps; a turn ends when it is told to. */
class World {
  nowMs = 0;
  turns: Turns;
  readonly #callbacks: (() => void)[] = [];

  constructor() {
    this.turns = new Turns({
      nowMs: () => this.nowMs,
      onNextTurn: (callback) => this.#callbacks.push(callback),
      sliceMs: 2,
      carefulMs: 10,
    });
  }

  /** Runs what waits for the next turn and says how long that took; undefined when nothing waits. */
  nextTurn(): number | undefined {
    const callbacks = this.#callbacks.splice(0);
    if (callbacks.length === 0) return undefined;
    const started = this.nowMs;
    for (const callback of callbacks) callback();
    return this.nowMs - started;
  }

  /** Takes so many steps of half a millisecond; returns for each whether there was time for careful work. */
  *work(steps: number): Steps<boolean[]> {
    const careful: boolean[] = [];
    for (let step = 0; step < steps; step++) {
      this.nowMs += 0.5;
      careful.push(yield);
    }
    return careful;
  }
}

/** The value if the promise is settled already, without waiting for a turn. */
async function settledNow<T>(promise: Promise<T>): Promise<T | "waits"> {
  return Promise.race([promise, Promise.resolve().then(() => "waits" as const)]);
}

describe("Turns", () => {
  it("short work is done at once", async () => {
    const world = new World();
    expect(await settledNow(world.turns.run(world.work(3)))).to.deep.equal([true, true, true]);
  });

  it("long work goes on in later turns, a slice in each", async () => {
    const world = new World();
    const done = world.turns.run(world.work(10));
    expect(world.nowMs).to.equal(2);
    expect(world.nextTurn()).to.equal(2);
    expect(await settledNow(done)).to.equal("waits");
    expect(world.nextTurn()).to.equal(1);
    expect(await done).to.have.length(10);
  });

  it("many that ask at once share the slice of each turn", async () => {
    const world = new World();
    const all = Promise.all(Array.from({ length: 20 }, () => world.turns.run(world.work(6))));
    expect(world.nowMs).to.equal(2);
    const turns: number[] = [];
    for (let took = world.nextTurn(); took !== undefined; took = world.nextTurn()) turns.push(took);
    expect(Math.max(...turns)).to.equal(2);
    expect(await all).to.have.length(20);
  });

  it("work that asks in a turn whose slice is used up waits for the next", async () => {
    const world = new World();
    void world.turns.run(world.work(4));
    const late = world.turns.run(world.work(1));
    expect(await settledNow(late)).to.equal("waits");
    world.nextTurn();
    world.nextTurn();
    expect(await settledNow(late)).to.deep.equal([true]);
  });

  it("says when the time for careful work is over", async () => {
    const world = new World();
    const done = world.turns.run(world.work(30));
    while (world.nextTurn() !== undefined);
    const careful = await done;
    expect(careful.lastIndexOf(true)).to.equal(18);
    expect(careful.indexOf(false)).to.equal(19);
  });

  it("leaves nothing waiting when there is no work", () => {
    const world = new World();
    void world.turns.run(world.work(1));
    expect(world.nextTurn()).to.equal(0);
    expect(world.nextTurn()).to.equal(undefined);
  });

  it("rejects with what a step throws, and goes on with the others", async () => {
    const world = new World();
    const failing = world.turns.run(
      (function* (): Steps<void> {
        yield;
        throw new Error("broken");
      })(),
    );
    const reason = await failing.catch((thrown: unknown) => thrown);
    expect(reason).to.be.an("error").with.property("message", "broken");
    expect(await world.turns.run(world.work(1))).to.deep.equal([true]);
  });
});
