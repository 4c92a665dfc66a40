import { expect } from "chai";
import type { FailureMode } from "../../../src/core/runtime-config.ts";
import { methodCodec } from "../../../src/grpc/protos.ts";
import type { RateLimitDescriptor, RateLimitRequest, RateLimitResponse } from "../../../src/ratelimit/messages.ts";
import { rateLimitPath, rateLimitService } from "../../../src/ratelimit/service.ts";
import { counterValue, FlakyStore, makeLimiter, makeRule } from "../support.ts";
import { treeOf } from "./support.ts";

const yaml = `
domain: web
descriptors:
  - key: user
    rate_limit: {unit: minute, requests_per_unit: 2, name: user}
  - key: all
    rate_limit: {unit: hour, requests_per_unit: 3, name: all}
  - key: free
    rate_limit: {unlimited: true, replaces: [{name: all}]}
  - key: vip
    rate_limit: {unit: minute, requests_per_unit: 5, replaces: [{name: user}, {name: nobody}]}
  - key: watched
    shadow_mode: true
    rate_limit: {unit: minute, requests_per_unit: 1}
  - key: month
    rate_limit: {unit: month, requests_per_unit: 5}
  - key: closed
    rate_limit: {unit: hour, requests_per_unit: 0}
`;

/** 2026-03-04T05:06:07.250Z */
const startMs = Date.UTC(2026, 2, 4, 5, 6, 7, 250);

function makeService(failureMode: FailureMode = "local") {
  let nowMs = startMs;
  const { limiter, store, metrics } = makeLimiter(new FlakyStore(() => nowMs), { nowMs: () => nowMs });
  const own = makeRule({ limit: 0 });
  const { handle } = rateLimitService({
    limiter,
    findRule: (id) => (id === own.id ? own : undefined),
    metrics,
    nowMs: () => nowMs,
    codec: methodCodec<RateLimitRequest, RateLimitResponse>(rateLimitPath),
    standard: { limits: new Map([["web", treeOf("web", yaml)]]), failureMode: () => failureMode },
  });
  const ask = (...descriptors: RateLimitDescriptor[]) => handle({ domain: "web", descriptors });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { handle, ask, pass, store, metrics, own };
}

function descriptor(key: string, value = "x", more: Partial<RateLimitDescriptor> = {}): RateLimitDescriptor {
  return { entries: [{ key, value }], ...more };
}

async function codes(calls: number, ask: () => Promise<RateLimitResponse>): Promise<string> {
  const seen: string[] = [];
  for (let call = 0; call < calls; call++) seen.push((await ask()).overall_code === "OK" ? "." : "x");
  return seen.join("");
}

describe("rateLimitService in a domain of the standard service", () => {
  it("L17: refuses the call after the limit, for each value apart, until the window ends", async () => {
    const { ask, pass } = makeService();
    expect(await codes(4, () => ask(descriptor("user", "ada")))).to.equal("..xx");
    expect(await codes(1, () => ask(descriptor("user", "grace")))).to.equal(".");
    pass(53_000);
    expect(await codes(3, () => ask(descriptor("user", "ada")))).to.equal("..x");
  });

  it("L17: tells limit, remaining and time to reset, and sends no body and no headers", async () => {
    const { ask } = makeService();
    const current_limit = { name: "user", requests_per_unit: 2, unit: "MINUTE" };
    const duration_until_reset = { seconds: 52, nanos: 750_000_000 };
    expect(await ask(descriptor("user"))).to.deep.equal({
      overall_code: "OK",
      statuses: [{ code: "OK", current_limit, limit_remaining: 1, duration_until_reset }],
    });
    await ask(descriptor("user"));
    expect(await ask(descriptor("user"))).to.deep.equal({
      overall_code: "OVER_LIMIT",
      statuses: [{ code: "OVER_LIMIT", current_limit, limit_remaining: 0, duration_until_reset }],
    });
  });

  it("L17: what no entry matches, and what is unlimited, is OK", async () => {
    const { ask } = makeService();
    expect(await ask(descriptor("other"), descriptor("free"))).to.deep.equal({
      overall_code: "OK",
      statuses: [{ code: "OK" }, { code: "OK", limit_remaining: 0xffff_ffff }],
    });
  });

  it("L17: a refused call counts on all its descriptors", async () => {
    const { ask } = makeService();
    expect(await codes(2, () => ask(descriptor("closed"), descriptor("all")))).to.equal("xx");
    const { statuses } = await ask(descriptor("all"));
    expect(statuses[0]?.limit_remaining).to.equal(0);
    expect((await ask(descriptor("all"))).overall_code).to.equal("OVER_LIMIT");
  });

  it("L17: a limit that replaces another leaves that one uncounted, also when it is unlimited", async () => {
    const { ask } = makeService();
    expect(await codes(6, () => ask(descriptor("user", "ada"), descriptor("vip", "ada")))).to.equal(".....x");
    expect(await codes(3, () => ask(descriptor("user", "ada")))).to.equal("..x");
    expect(await codes(9, () => ask(descriptor("all"), descriptor("free")))).to.equal(".........");
    expect(await codes(4, () => ask(descriptor("all")))).to.equal("...x");
  });

  it("L17: shadow mode counts, refuses nothing, and is told by a metric", async () => {
    const { ask, metrics } = makeService();
    expect(await codes(3, () => ask(descriptor("watched")))).to.equal("...");
    const { statuses } = await ask(descriptor("watched"));
    expect(statuses[0]).to.include({ code: "OK", limit_remaining: 0 });
    const told = await metrics.render();
    expect(told).to.include('descriptor_hits_total{descriptor="web.watched",outcome="shadow_mode"} 3');
    expect(told).to.include('descriptor_hits_total{descriptor="web.watched",outcome="within_limit"} 1');
  });

  it("L17: adds the request's hits_addend, or the descriptor's own, of which 0 only reads", async () => {
    const { handle, ask } = makeService();
    const remaining = async (more: Partial<RateLimitDescriptor>, hits_addend: number) =>
      (await handle({ domain: "web", hits_addend, descriptors: [descriptor("all", "x", more)] })).statuses[0]
        ?.limit_remaining;
    expect(await remaining({}, 2)).to.equal(1);
    expect(await remaining({ hits_addend: {} }, 2)).to.equal(1);
    expect(await remaining({ hits_addend: { value: 1 } }, 2)).to.equal(0);
    expect((await ask(descriptor("all"))).overall_code).to.equal("OVER_LIMIT");
  });

  it("L13, L17: a limit that Envoy sends along needs no entry and is not in shadow mode", async () => {
    const { ask, metrics } = makeService();
    const limit = { requests_per_unit: 1, unit: "HOUR" };
    expect(await codes(2, () => ask(descriptor("nowhere", "secret-user", { limit })))).to.equal(".x");
    expect(await codes(2, () => ask(descriptor("watched", "y", { limit })))).to.equal(".x");
    expect(await metrics.render()).to.not.contain("secret-user");
  });

  it("L17: a month is 30 days since the epoch, as there", async () => {
    const { ask } = makeService();
    const month = 30 * 86_400_000;
    const { statuses } = await ask(descriptor("month"));
    const untilReset = month - (startMs % month);
    expect(statuses[0]?.duration_until_reset?.seconds).to.equal(Math.floor(untilReset / 1_000));
  });

  it("L17, L18: while the store is away the store's failure mode holds", async () => {
    const expected = { local: "..x", allow: "...", deny: "xxx" };
    for (const mode of ["local", "allow", "deny"] as const) {
      const { ask, store } = makeService(mode);
      store.mode = "away";
      expect(await codes(3, () => ask(descriptor("user"))), mode).to.equal(expected[mode]);
    }
  });

  it("L17: other domains have the gateway's own limits", async () => {
    const { handle, own, metrics } = makeService();
    const entries = [
      { key: "rule", value: own.id },
      { key: "account", value: "v1|3:ada" },
    ];
    expect((await handle({ domain: "tollgate", descriptors: [{ entries }] })).overall_code).to.equal("OVER_LIMIT");
    expect((await handle({ domain: "web", descriptors: [{ entries }] })).overall_code).to.equal("OK");
    expect(await counterValue(metrics, "unknown_limit_total")).to.equal(0);
  });
});
