import { expect } from "chai";
import fc from "fast-check";
import { accountName } from "../../src/budgets/account-name.ts";

describe("accountName", () => {
  it("joins the subject's values in the order written; without a subject there is one account", () => {
    expect(accountName([])).to.equal("*");
    expect(accountName(["ada"])).to.equal("ada");
    expect(accountName(["red team", "ada@example.com"])).to.equal("red team,ada@example.com");
  });

  it("gives those who leave a value out one account, which no value can name (L38)", () => {
    expect(accountName([undefined])).to.equal("-");
    expect(accountName(["red", undefined])).to.equal("red,-");
    expect(accountName(["-"])).to.equal("%2D");
    expect(accountName(["--"])).to.equal("--");
  });

  it("never gives two people one account: no value can look like several, or like another", () => {
    expect(accountName(["a,b"])).to.equal("a%2Cb");
    expect(accountName(["a%2Cb"])).to.equal("a%252Cb");
    const value = fc.option(
      fc.string({ unit: fc.constantFrom(",", "-", "%", "2", "C", "D", "é", "a"), minLength: 1 }),
      {
        nil: undefined,
      },
    );
    const subjects = fc.integer({ min: 1, max: 3 }).chain((length) => {
      const values = fc.array(value, { minLength: length, maxLength: length });
      return fc.tuple(values, values);
    });
    fc.assert(
      fc.property(subjects, ([one, other]) => {
        const same = one.every((part, index) => part === other[index]);
        expect(accountName(one) === accountName(other)).to.equal(same);
      }),
    );
  });
});
