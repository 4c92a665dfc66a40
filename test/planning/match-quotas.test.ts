import { expect } from "chai";
import type { LimitRule, LimitSelector, Quota } from "../../src/core/runtime-config.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { matchQuotas } from "../../src/planning/match-quotas.ts";
import { decodeAccount } from "../../src/ratelimit/account.ts";
import { limitFor, makeCost, makeView } from "./support.ts";

const distinct: LimitSelector = { kind: "header", type: "Distinct", name: "x-user-id" };
const team = (value: string): LimitSelector => ({
  kind: "header",
  type: "Exact",
  name: "x-team",
  value,
  invert: false,
});
const shadow = (rule: LimitRule): LimitRule => ({ ...rule, shadowMode: true });

function quota(model: string | undefined, ...buckets: LimitRule[]): Quota {
  return { policyId: "ai/q", model, cost: makeCost("q", 1), buckets };
}

/** `bucket account…` of every bucket that is filled. */
function filled(quotas: readonly Quota[], headers: Iterable<readonly [string, string]> = [], upstream = "m") {
  return matchQuotas(quotas, upstream, { ...makeView(headers), model: "requested" }).map(({ bucket, account }) =>
    [bucket.id, ...(decodeAccount(account) ?? [])].join(" "),
  );
}

describe("matchQuotas", () => {
  it("counts everything on a service quota, and a model's by the name that is sent upstream", () => {
    const quotas = [quota(undefined, limitFor("service")), quota("m", limitFor("m")), quota("n", limitFor("n"))];
    expect(filled(quotas)).to.deep.equal(["service", "m"]);
    expect(filled(quotas, [], "n")).to.deep.equal(["service", "n"]);
    expect(filled(quotas, [], "requested")).to.deep.equal(["service"]);
  });

  it("takes the first bucket whose selectors all apply, one account for each Distinct value", () => {
    const quotas = [quota("m", limitFor("gold", team("gold"), distinct), limitFor("user", distinct), limitFor("rest"))];
    const user = ["x-user-id", "ada"] as const;
    expect(filled(quotas, [["x-team", "gold"], user])).to.deep.equal(["gold ada"]);
    expect(filled(quotas, [["x-team", "tin"], user])).to.deep.equal(["user ada"]);
    // who leaves the header out does not escape
    expect(filled(quotas, [["x-team", "gold"]])).to.deep.equal(["rest"]);
  });

  it("limits nobody for whom there is no bucket", () => {
    expect(filled([quota("m", limitFor("gold", team("gold")))])).to.deep.equal([]);
  });

  it("fills a bucket in shadow mode beside the one that is enforced", () => {
    const trial = shadow(limitFor("trial", team("gold")));
    const quotas = [quota("m", trial, limitFor("user", distinct), shadow(limitFor("later")), limitFor("rest"))];
    const gold = ["x-team", "gold"] as const;
    expect(filled(quotas, [gold, ["x-user-id", "ada"]])).to.deep.equal(["trial", "user ada"]);
    expect(filled(quotas, [gold])).to.deep.equal(["trial", "later", "rest"]);
    expect(filled([quota("m", trial)], [gold])).to.deep.equal(["trial"]);
  });

  it("refuses a repeated header that names an account", () => {
    const repeated = [
      ["x-user-id", "ada"],
      ["x-user-id", "bob"],
    ] as const;
    expect(() => filled([quota("m", limitFor("user", distinct))], repeated)).to.throw(GatewayError, "2 times");
  });
});
