import { expect } from "chai";
import { encodeAccount } from "../../src/ratelimit/account.ts";
import { describeAccount, refusalBody, retryAfterSeconds } from "../../src/ratelimit/refusal.ts";
import { makeRule, someTimeMs } from "./support.ts";

describe("describeAccount", () => {
  it("L16: names every selector value in the order written", () => {
    const rule = makeRule({
      selectors: [
        { kind: "header", type: "Distinct", name: "x-user-id" },
        { kind: "header", type: "Exact", name: "x-ai-eg-model", value: "gpt-4o", invert: false },
        { kind: "sourceCIDR", type: "Distinct", cidr: "10.0.0.0/8" },
        { kind: "header", type: "Exact", name: "x-tier", value: "gold", invert: true },
      ],
    });
    expect(describeAccount(rule, encodeAccount(["a|1:b", "10.1.2.3"]))).to.equal(
      'x-user-id "a|1:b", x-ai-eg-model "gpt-4o", address 10.1.2.3, x-tier other than "gold"',
    );
  });

  it("L10: a rule without selectors limits everybody together", () => {
    expect(describeAccount(makeRule({ selectors: [] }), encodeAccount([]))).to.equal("everybody together");
  });
});

describe("retryAfterSeconds", () => {
  it("L16: rounds up, and is at least 1", () => {
    const verdict = (resetsAtMs: number) => ({
      item: { rule: makeRule(), account: "v1", add: 0, charge: false },
      refused: true,
      storeAway: false,
      overLimit: true,
      limit: 1,
      unit: "Hour" as const,
      used: 2,
      resetsAtMs,
    });
    expect(retryAfterSeconds(verdict(someTimeMs + 1_001), someTimeMs)).to.equal(2);
    expect(retryAfterSeconds(verdict(someTimeMs + 1_000), someTimeMs)).to.equal(1);
    expect(retryAfterSeconds(verdict(someTimeMs), someTimeMs)).to.equal(1);
  });
});

describe("refusalBody", () => {
  const message = (costUnit: "MicroUsd" | undefined, used: number, limit: number): string => {
    const item = { rule: makeRule({ costUnit }), account: encodeAccount(["ada"]), add: 0, charge: false };
    const verdict = { item, refused: true, storeAway: false, overLimit: true, limit, unit: "Day" as const, used };
    const body = refusalBody({ ...verdict, resetsAtMs: someTimeMs + 750 }, someTimeMs);
    return (JSON.parse(new TextDecoder().decode(body)) as { error: { message: string } }).error.message;
  };

  it("L16: names the limit, whom it counts, what is used and when it resets", () => {
    expect(message(undefined, 1_250, 1_000)).to.equal(
      'the limit token-budget rule 1 is used up for x-user-id "ada": 1250 of 1000 per day used; ' +
        "it resets at 2026-03-04T05:06:08.000Z, in 1 seconds",
    );
  });

  it("L16: speaks of dollars where micro-dollars are counted", () => {
    expect(message("MicroUsd", 1_250_000, 1_000_000)).to.contain(": $1.25 of $1.00 per day used;");
    expect(message("MicroUsd", 2_080, 2_000)).to.contain(": $0.00208 of $0.002 per day used;");
  });
});
