import { expect } from "chai";
import type { AppliedLimit } from "../../src/core/request-plan.ts";
import type { LimitRule } from "../../src/core/runtime-config.ts";
import { chargeMetadata, limitMetadata } from "../../src/extproc/limit-slots.ts";
import { makeRule } from "../ratelimit/support.ts";

const tokens = { from: "Metadata", key: "tokens" } as const;

function applied(id: string, changes: Partial<LimitRule>): AppliedLimit {
  return { rule: makeRule({ id, ...changes }), account: `v1|3:${id}` };
}

describe("limits as slots in metadata", () => {
  const limits = [
    applied("ai/a/1", { requestCost: { from: "Number", number: 0 }, responseCost: tokens }),
    applied("ai/b/2", { requestCost: { from: "Number", number: 1 }, responseCost: undefined }),
    applied("ai/c/3", { requestCost: tokens, responseCost: { from: "Number", number: 7 } }),
  ];

  it("L10: a limit is its rule's id, whom it counts, and what it takes before the request", () => {
    expect(limitMetadata(limits, { tokens: 40 })).to.deep.equal({
      "1": { rule: "ai/a/1", account: "v1|3:ai/a/1", request: 0 },
      "2": { rule: "ai/b/2", account: "v1|3:ai/b/2", request: 1 },
      "3": { rule: "ai/c/3", account: "v1|3:ai/c/3", request: 40 },
    });
  });

  it("a charge follows the costs; a limit that charges nothing afterwards has none", () => {
    expect(chargeMetadata(limits, { tokens: 100 }, false)).to.deep.equal({ "1": 100, "3": 7 });
  });

  it("L4: a key that nothing writes counts as 0, so that Envoy does not drop the descriptor", () => {
    expect(chargeMetadata(limits, {}, false)).to.deep.equal({ "1": 0, "3": 7 });
    expect(limitMetadata(limits, {})["3"]).to.deep.include({ request: 0 });
  });

  it("L13: nothing is charged when no provider answered, not even a fixed number", () => {
    expect(chargeMetadata(limits, { tokens: 0 }, true)).to.deep.equal({ "1": 0, "3": 0 });
  });
});
