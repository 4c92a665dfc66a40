import { expect } from "chai";
import fc from "fast-check";
import { ceilDivide, formatUsd, parseNanoUsd, parseRatePerToken } from "../../src/lib/money.ts";

describe("money", () => {
  it("L30: reads decimal dollars as integer nano-dollars, without a float in between", () => {
    const read = ["2.50", "10", "0.15", "0.003625", "0", "1e-7", "2.5e1", "9007199.254740991"].map(parseNanoUsd);
    expect(read).to.deep.equal([
      2_500_000_000,
      10_000_000_000,
      150_000_000,
      3_625_000,
      0,
      100,
      25_000_000_000,
      Number.MAX_SAFE_INTEGER,
    ]);
  });

  it("L30: rounds up what is finer than a nano-dollar", () => {
    expect(["0.08333333333333334", "0.0000000001", "1.0000000000"].map(parseNanoUsd)).to.deep.equal([
      83_333_334, 1, 1_000_000_000,
    ]);
  });

  it("L30: reads dollars per token as nano-dollars per million tokens", () => {
    expect(["0.0000025", "2.5e-06", "3.625e-9", "1e-16", "0"].map(parseRatePerToken)).to.deep.equal([
      2_500_000_000, 2_500_000_000, 3_625_000, 1, 0,
    ]);
  });

  it("refuses what is no amount of dollars", () => {
    for (const text of ["", "-1", "$5", "1,000", "1.", ".5", "NaN", "Infinity", "9007199.254740992", "1e99"])
      expect(parseNanoUsd(text), text).to.equal(undefined);
  });

  it("writes at least two decimals and no more than needed", () => {
    expect([2_500_000_000, 150_000_000, 1, 0, 10_000_000_000, 3_625_000].map(formatUsd)).to.deep.equal([
      "2.50",
      "0.15",
      "0.000000001",
      "0.00",
      "10.00",
      "0.003625",
    ]);
  });

  it("property: what is written is read again as the same number", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (nano) => parseNanoUsd(formatUsd(nano)) === nano));
  });

  it("property: a decimal that the runtime writes is never read as less than it is, and less than a nano-dollar too high", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1_000, noNaN: true }), (dollars) => {
        const nano = parseNanoUsd(String(dollars));
        if (nano === undefined) return /e-\d{3}/.test(String(dollars)); // 10⁻¹⁰⁰ dollars
        return nano >= Math.floor(dollars * 1e9) && nano <= Math.ceil(dollars * 1e9) + 1;
      }),
    );
  });

  it("divides upwards", () => {
    expect([ceilDivide(0n, 3n), ceilDivide(1n, 3n), ceilDivide(3n, 3n), ceilDivide(4n, 3n)]).to.deep.equal([
      0n,
      1n,
      1n,
      2n,
    ]);
  });
});
