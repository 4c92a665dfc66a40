import { expect } from "chai";
import { encodeAccount } from "../../src/ratelimit/account.ts";
import { describeAccount, retryAfterSeconds } from "../../src/ratelimit/refusal.ts";
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
