import { expect } from "chai";
import fc from "fast-check";
import { callKey, counterKey } from "../../src/ratelimit/keys.ts";

describe("counterKey", () => {
  it('L15: ("a_b", "c") and ("a", "b_c") differ', () => {
    expect(counterKey("a_b", "c", "Hour", "UTC", 0)).to.not.equal(counterKey("a", "b_c", "Hour", "UTC", 0));
  });

  it("L14: unit, zone and start of the window are part of it", () => {
    const keys = [
      counterKey("rule", "v1", "Hour", "UTC", 0),
      counterKey("rule", "v1", "Day", "UTC", 0),
      counterKey("rule", "v1", "Hour", "Europe/Berlin", 0),
      counterKey("rule", "v1", "Hour", "UTC", 3_600_000),
    ];
    expect(new Set(keys).size).to.equal(keys.length);
  });

  it("L15: property: different rules and accounts have different keys, and one hash tag each", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("{", "}", "%", "|", ":", "1", "7", "B") }));
    fc.assert(
      fc.property(text, text, text, text, (rule, account, otherRule, otherAccount) => {
        const key = counterKey(rule, account, "Hour", "UTC", 0);
        const other = counterKey(otherRule, otherAccount, "Hour", "UTC", 0);
        expect(key === other).to.equal(rule === otherRule && account === otherAccount);
        expect(key.match(/[{}]/g)).to.deep.equal(["{", "}"]);
      }),
    );
  });

  it("never meets the key of a call's answer", () => {
    expect(callKey("x")).to.not.match(/^tollgate:limit:/);
  });
});
