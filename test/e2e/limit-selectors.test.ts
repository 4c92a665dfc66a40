import { expect } from "chai";
import { type Answer, chat } from "../support/client.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

function policy(name: string, rule: string, annotations = "{}", kind = "HTTPRoute", target = "llm-route"): string {
  return `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: ${name}, namespace: ai-services, annotations: ${annotations}}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: ${kind}, name: ${target}}]
  rateLimit: {type: Global, global: {rules: [${rule}]}}
`;
}

/** Every policy is for the users of its own test only. */
const user = (name: string): string => `{headers: [{name: x-user-id, value: ${name}}]}`;
const once = "limit: {requests: 1, unit: Year}";

const policies = [
  policy("not-gets", `{clientSelectors: [${user("not-gets")}, {methods: [{value: GET, invert: true}]}], ${once}}`),
  policy("gets", `{clientSelectors: [${user("gets")}, {methods: [{value: POST, invert: true}]}], ${once}}`),
  policy("elsewhere", `{clientSelectors: [${user("elsewhere")}, {path: {value: /v1/chat, invert: true}}], ${once}}`),
  policy("chat", `{clientSelectors: [${user("chat")}, {path: {value: /v1/cha, invert: true}}], ${once}}`),
  policy("both", `{clientSelectors: [${user("both")}, {headers: [{name: x-tier, value: gold}]}], ${once}}`),
  policy("watched", `{clientSelectors: [${user("watched")}], ${once}, shadowMode: true}`),
  policy(
    "gateway",
    `{clientSelectors: [${user("apart")}], ${once}}, {clientSelectors: [${user("together")}], ${once}, shared: true}`,
    "{}",
    "Gateway",
    "tollgate",
  ),
  policy(
    "monthly",
    `{clientSelectors: [${user("monthly")}], limit: {requests: 1, unit: Month}}`,
    "{tollgate.dev/time-zone: Asia/Kolkata}",
  ),
];

describe("selectors, shadow mode and calendar windows of rate limits", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    const other = routeYaml("other-route", { "other-model": ["openai-backend"] });
    world = await startWorld({ yaml: [other, ...policies].join("---") });
  });
  after(() => world?.close());

  const call = (name: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    chat(world.url, "gpt-4o", { headers: { "x-user-id": name, ...headers } });

  async function statuses(calls: number, make: () => Promise<Answer>): Promise<number[]> {
    const seen: number[] = [];
    for (let number = 0; number < calls; number++) seen.push((await make()).status);
    return seen;
  }

  it("an inverted method limits all others (L10)", async () => {
    expect(await statuses(3, () => call("not-gets"))).to.deep.equal([200, 429, 429]);
    expect(await statuses(3, () => call("gets"))).to.deep.equal([200, 200, 200]);
  });

  it("an inverted path limits all others; prefixes are whole path elements (L10)", async () => {
    expect(await statuses(3, () => call("elsewhere"))).to.deep.equal([200, 200, 200]);
    expect(await statuses(3, () => call("chat"))).to.deep.equal([200, 429, 429]);
  });

  it("all clientSelectors of a rule must hold (L10)", async () => {
    expect(await statuses(3, () => call("both"))).to.deep.equal([200, 200, 200]);
    expect(await statuses(3, () => call("both", { "x-tier": "silver" }))).to.deep.equal([200, 200, 200]);
    expect(await statuses(3, () => call("both", { "x-tier": "gold" }))).to.deep.equal([200, 429, 429]);
  });

  it("shadow mode counts and refuses nothing, and a metric tells what it would have refused (L16)", async () => {
    expect(await statuses(4, () => call("watched"))).to.deep.equal([200, 200, 200, 200]);
    const metrics = await world.gateway.metrics.render();
    const told = metrics.split("\n").filter((row) => row.startsWith("tollgate_shadow_refusals_total{"));
    expect(told).to.have.length(1);
    expect(told[0]).to.match(/rule="ai-services\/watched\/[0-9a-f]+"\} 3$/);
    expect(metrics).to.not.match(/tollgate_refusals_total\{rule="ai-services\/watched/);
  });

  it("counts every route of a Gateway's policy apart, and those of a shared one together (L10)", async () => {
    const other = (name: string) => chat(world.url, "other-model", { headers: { "x-user-id": name } });
    expect(await statuses(2, () => call("apart"))).to.deep.equal([200, 429]);
    expect(await statuses(2, () => other("apart"))).to.deep.equal([200, 429]);
    expect((await other("together")).status).to.equal(200);
    const refused = await call("together");
    expect(refused.status).to.equal(429);
    expect(refused.json().error.message).to.contain('used up for x-user-id "together": 1 of 1 per year used');
  });

  it("a month ends when it does in the policy's time zone (L14)", async () => {
    expect((await call("monthly")).status).to.equal(200);
    const refused = await call("monthly");
    expect(refused.status).to.equal(429);
    // five and a half hours ahead all year
    const offsetMs = 5.5 * 3_600_000;
    const there = new Date(Date.now() + offsetMs);
    const ends = new Date(Date.UTC(there.getUTCFullYear(), there.getUTCMonth() + 1, 1) - offsetMs);
    expect(refused.json().error.message).to.contain(`1 of 1 per month used; it resets at ${ends.toISOString()}`);
    const seconds = (ends.getTime() - Date.now()) / 1_000;
    expect(Number(refused.headers["retry-after"])).to.be.within(seconds - 30, seconds + 30);
  });
});
