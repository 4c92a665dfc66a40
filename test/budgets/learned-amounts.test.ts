import { expect } from "chai";
import { LearnedAmounts } from "../../src/budgets/learned-amounts.ts";

function taught(amounts: readonly bigint[], learned = new LearnedAmounts(), account = "ada"): LearnedAmounts {
  for (const amount of amounts) learned.settled("b", account, amount);
  return learned;
}

const upTo = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));

describe("LearnedAmounts", () => {
  it("is the 95th percentile of what requests of the account came to, whatever their order", () => {
    expect(taught(upTo(100)).amountOf("b", "ada")).to.equal(95n);
    expect(taught(upTo(100).reverse()).amountOf("b", "ada")).to.equal(95n);
    expect(taught(upTo(20)).amountOf("b", "ada")).to.equal(19n);
  });

  it("says nothing of an account with fewer than 20", () => {
    expect(taught(upTo(19)).amountOf("b", "ada")).to.equal(undefined);
    expect(taught(upTo(20)).amountOf("b", "bob")).to.equal(undefined);
    expect(taught(upTo(20)).amountOf("c", "ada")).to.equal(undefined);
  });

  it("looks at the last hundred", () => {
    const learned = taught(Array.from({ length: 100 }, () => 1_000n));
    expect(taught(upTo(100), learned).amountOf("b", "ada")).to.equal(95n);
  });

  it("forgets the account whose last request was longest ago when there are too many", () => {
    const learned = taught(upTo(20));
    taught(upTo(20), learned, "bob");
    taught([1n], learned, "ada");
    for (let index = 0; index < 9_999; index++) learned.settled("b", `other-${index}`, 1n);
    expect(learned.amountOf("b", "bob")).to.equal(undefined);
    expect(learned.amountOf("b", "ada")).to.equal(19n);
  });
});
