import { expect } from "chai";
import { Backoff } from "../../src/lib/backoff.ts";

const options = { firstMs: 250, maxMs: 2_000, steadyMs: 30_000 };

describe("Backoff", () => {
  it("doubles up to the largest pause", () => {
    const backoff = new Backoff(options);
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next(10))).to.deep.equal([250, 500, 1_000, 2_000, 2_000, 2_000]);
    expect(backoff.failures).to.equal(6);
  });

  it("begins anew after a steady run", () => {
    const backoff = new Backoff(options);
    backoff.next(0);
    backoff.next(0);
    expect(backoff.next(30_000)).to.equal(250);
    expect(backoff.failures).to.equal(1);
    expect(backoff.next(29_999)).to.equal(500);
  });

  it("stays at the largest pause however often it fails", () => {
    const backoff = new Backoff(options);
    let pause = 0;
    for (let count = 0; count < 5_000; count++) pause = backoff.next(0);
    expect(pause).to.equal(2_000);
  });
});
