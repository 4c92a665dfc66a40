import { expect } from "chai";
import { makeQuotaCounters } from "../../src/cli/quota-counters.ts";
import type { LimitItem, LimitVerdict } from "../../src/ratelimit/limiter.ts";
import { makeRule } from "../ratelimit/support.ts";

describe("makeQuotaCounters", () => {
  it("is drained when every charge is counted, and not before", async () => {
    let counted: (verdicts: readonly LimitVerdict[]) => void = () => undefined;
    const seen: (readonly LimitItem[])[] = [];
    const counters = makeQuotaCounters({
      apply: (items) => {
        seen.push(items);
        return new Promise((resolve) => {
          counted = resolve;
        });
      },
    });
    const items = [{ rule: makeRule(), account: "v1", add: 5, charge: true }];
    counters.charge(items);
    const order: string[] = [];
    const drained = counters.drained().then(() => order.push("drained"));
    await Promise.resolve();
    order.push("counted");
    counted([]);
    await drained;
    expect(order).to.deep.equal(["counted", "drained"]);
    expect(seen).to.deep.equal([items]);
    await counters.drained();
  });
});
