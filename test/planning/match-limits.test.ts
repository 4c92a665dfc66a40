import { expect } from "chai";
import type { LimitSelector } from "../../src/core/runtime-config.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { inCidr } from "../../src/planning/cidr.ts";
import { matchLimits } from "../../src/planning/match-limits.ts";
import type { RequestView } from "../../src/planning/request-view.ts";
import { decodeAccount } from "../../src/ratelimit/account.ts";
import { limitFor, makeView } from "./support.ts";

/** The account's parts; `none` when the rule does not apply, `absent` when it found no account. */
function match(selectors: readonly LimitSelector[], view: Partial<RequestView> & { readonly model?: string } = {}) {
  const rule = limitFor("rule", ...selectors);
  const { applied, withoutAccount } = matchLimits([rule], { ...makeView(), model: "gpt-4o", ...view });
  const [one] = applied;
  if (one !== undefined) return decodeAccount(one.account);
  return withoutAccount.length > 0 ? "absent" : "none";
}

const headers = (...entries: (readonly [string, string])[]) => ({ headers: makeView(entries).headers });
const distinct = (name: string): LimitSelector => ({ kind: "header", type: "Distinct", name });
const exactly = (name: string, value: string, invert = false): LimitSelector => ({
  kind: "header",
  type: "Exact",
  name,
  value,
  invert,
});
const regex = (name: string, source: string, invert = false): LimitSelector => ({
  kind: "header",
  type: "RegularExpression",
  name,
  pattern: new RegExp(`^(?:${source})$`),
  source,
  invert,
});

describe("matchLimits", () => {
  it("L10: a rule without selectors limits everybody together", () => {
    expect(match([])).to.deep.equal([]);
  });

  it("L10: Distinct values are the parts, in the order written; the names are case-insensitive", () => {
    const view = headers(["X-Team-Id", "red"], ["X-User-Id", "ada"]);
    expect(match([distinct("x-user-id"), distinct("x-team-id")], view)).to.deep.equal(["ada", "red"]);
  });

  it("L10: Exact and RegularExpression are matches without a part", () => {
    const view = headers(["x-user-id", "ada"], ["x-tier", "gold"]);
    expect(match([exactly("x-tier", "gold"), distinct("x-user-id")], view)).to.deep.equal(["ada"]);
    expect(match([exactly("x-tier", "silver"), distinct("x-user-id")], view)).to.equal("none");
    expect(match([regex("x-tier", "go.*")], view)).to.deep.equal([]);
    expect(match([regex("x-tier", "g")], view)).to.equal("none");
  });

  it("L10: invert turns a match round, and holds when the header is missing", () => {
    const view = headers(["x-tier", "gold"]);
    expect(match([exactly("x-tier", "gold", true)], view)).to.equal("none");
    expect(match([exactly("x-tier", "silver", true)], view)).to.deep.equal([]);
    expect(match([regex("x-tier", "g.*", true)], view)).to.equal("none");
    expect(match([exactly("x-tier", "gold", true)])).to.deep.equal([]);
  });

  it("L10: selectors see the resolved model under x-ai-eg-model", () => {
    const view = { ...headers(["x-ai-eg-model", "other"]), model: "gpt-4o" };
    expect(match([exactly("x-ai-eg-model", "gpt-4o")], view)).to.deep.equal([]);
    expect(match([exactly("x-ai-eg-model", "other")], view)).to.equal("none");
    expect(match([distinct("x-ai-eg-model")], view)).to.deep.equal(["gpt-4o"]);
  });

  it("L10: a missing or empty header leaves the rule without an account", () => {
    expect(match([distinct("x-user-id")])).to.equal("absent");
    expect(match([distinct("x-user-id")], headers(["x-user-id", ""]))).to.equal("absent");
    expect(match([exactly("x-tier", "gold")])).to.equal("absent");
  });

  it("L10: a rule that is for others anyway is not reported as missing an account", () => {
    expect(match([distinct("x-user-id"), exactly("x-ai-eg-model", "other")])).to.equal("none");
  });

  it("L10: a repeated identity header is 400", () => {
    expect(() => match([distinct("x-user-id")], headers(["x-user-id", "ada"], ["x-user-id", "bob"])))
      .to.throw(GatewayError, /x-user-id was sent 2 times/)
      .that.includes({ code: "invalid_header", status: 400 });
  });

  it("L10: sourceCIDR exact and distinct, of the true source address", () => {
    const cidr = (type: "Exact" | "Distinct", network: string): LimitSelector => ({
      kind: "sourceCIDR",
      type,
      cidr: network,
    });
    const view = { sourceAddress: "10.1.2.3", ...headers(["x-forwarded-for", "192.0.2.1"]) };
    expect(match([cidr("Exact", "10.0.0.0/8")], view)).to.deep.equal([]);
    expect(match([cidr("Distinct", "10.0.0.0/8")], view)).to.deep.equal(["10.1.2.3"]);
    expect(match([cidr("Distinct", "192.0.2.0/24")], view)).to.equal("none");
    expect(match([cidr("Distinct", "10.0.0.0/8")], { sourceAddress: undefined })).to.equal("absent");
  });

  it("L10: methods, of which one is enough, and invert, which turns one round", () => {
    const methods = (...values: readonly string[]): LimitSelector => ({
      kind: "methods",
      methods: values.map((value) => ({ value: value.replace("!", ""), invert: value.startsWith("!") })),
    });
    expect(match([methods("GET", "POST")])).to.deep.equal([]);
    expect(match([methods("GET")])).to.equal("none");
    expect(match([methods("!GET")])).to.deep.equal([]);
    expect(match([methods("!POST")])).to.equal("none");
    expect(match([methods("!POST", "POST")])).to.deep.equal([]);
  });

  for (const [type, value, path, matches] of [
    ["Exact", "/v1/chat/completions", "/v1/chat/completions", true],
    ["Exact", "/v1/chat", "/v1/chat/completions", false],
    ["Prefix", "/v1/chat", "/v1/chat/completions", true],
    ["Prefix", "/v1/chat/", "/v1/chat/completions", true],
    ["Prefix", "/v1/chat/completions", "/v1/chat/completions", true],
    ["Prefix", "/", "/v1/chat/completions", true],
    ["Prefix", "/v1/cha", "/v1/chat/completions", false],
    ["Prefix", "/v2", "/v1/chat/completions", false],
    ["RegularExpression", "/v1/.*", "/v1/chat/completions", true],
    ["RegularExpression", "/v1/", "/v1/chat/completions", false],
  ] as const) {
    it(`L10: path ${type} ${value} ${matches ? "matches" : "does not match"} ${path}`, () => {
      const selected = (invert: boolean) => match([{ kind: "path", type, value, invert }], { path });
      expect(selected(false)).to.deep.equal(matches ? [] : "none");
      expect(selected(true)).to.deep.equal(matches ? "none" : []);
    });
  }

  it("L10: several selectors are ANDed: one that does not match is enough to leave the request alone", () => {
    const view = { ...headers(["x-tier", "gold"], ["x-user-id", "ada"]), path: "/v1/messages" };
    const path = (value: string): LimitSelector => ({ kind: "path", type: "Prefix", value, invert: false });
    expect(match([exactly("x-tier", "gold"), distinct("x-user-id"), path("/v1")], view)).to.deep.equal(["ada"]);
    expect(match([exactly("x-tier", "gold"), distinct("x-user-id"), path("/v2")], view)).to.equal("none");
  });

  it("L10: every rule that applies limits, each with its own account", () => {
    const rules = [limitFor("all"), limitFor("user", distinct("x-user-id")), limitFor("team", distinct("x-team-id"))];
    const { applied, withoutAccount } = matchLimits(rules, { ...makeView([["x-user-id", "ada"]]), model: "m" });
    expect(applied.map(({ rule, account }) => [rule.id, account])).to.deep.equal([
      ["all", "v1"],
      ["user", "v1|3:ada"],
    ]);
    expect(withoutAccount.map(({ id }) => id)).to.deep.equal(["team"]);
  });
});

describe("inCidr", () => {
  for (const [address, cidr, inside] of [
    ["10.255.0.1", "10.0.0.0/8", true],
    ["11.0.0.1", "10.0.0.0/8", false],
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.2", "10.0.0.1/32", false],
    ["203.0.113.9", "0.0.0.0/0", true],
    ["2001:db8::1", "2001:db8::/32", true],
    ["2001:db9::1", "2001:db8::/32", false],
    ["2001:0db8:0:0::1", "2001:db8::1", true],
    ["2001:db8::1", "10.0.0.0/8", false],
    ["::ffff:10.0.0.1", "10.0.0.0/8", true],
    ["10.0.0.1", "2001:db8::/32", false],
    ["fe80::1%eth0", "fe80::/10", true],
    ["not an address", "0.0.0.0/0", false],
    ["", "::/0", false],
  ] as const) {
    it(`L10: ${address === "" ? "nothing" : address} is ${inside ? "" : "not "}in ${cidr}`, () => {
      expect(inCidr(address, cidr)).to.equal(inside);
    });
  }
});
