import { expect } from "chai";
import fc from "fast-check";
import { book, least, mostUsed } from "../../src/budgets/decisions.ts";

const amounts = fc.oneof(fc.bigInt({ min: 0n, max: 50n }), fc.bigInt({ min: 0n, max: 2n ** 62n }));

describe("budget decisions", () => {
  it("L31: a Hard budget lets through what ends at its limit, and nothing above", () => {
    expect(mostUsed("Hard", 40n, 100n)).to.equal(60n);
    expect(mostUsed("Hard", 0n, 100n)).to.equal(100n);
    expect(mostUsed("Hard", 101n, 100n)).to.equal(-1n);
  });

  it("a Soft budget that is asked without an estimate is used up at its limit", () => {
    expect(mostUsed("Soft", 0n, 100n)).to.equal(99n);
    expect(mostUsed("Soft", 40n, 100n)).to.equal(60n);
  });

  it("L35: what must remain is asked for beside the amount, and the stricter of both decides", () => {
    expect(mostUsed("Hard", 10n, 100n, 50n)).to.equal(50n);
    expect(mostUsed("Hard", 60n, 100n, 50n)).to.equal(40n);
  });

  it("L31, L32: what is booked is what was billed; spent stays within the hold and the room, and is as much as they let", () => {
    fc.assert(
      fc.property(amounts, amounts, amounts, amounts, (amount, hold, spentBefore, room) => {
        const before = { spent: least(spentBefore, hold), overrun: 0n };
        const { spent, overrun } = book({ amount, hold, before, room });
        expect(spent + overrun).to.equal(amount);
        expect(spent <= hold && spent <= before.spent + room).to.equal(true);
        expect(overrun === 0n || spent === hold || spent === before.spent + room).to.equal(true);
        expect(book({ amount, hold, before, room: undefined }).spent).to.equal(least(amount, hold));
        expect(book({ amount, hold: undefined, before, room: undefined })).to.deep.equal({
          spent: amount,
          overrun: 0n,
        });
      }),
    );
  });
});
