import { expect } from "chai";
import { methodCodec } from "../../src/grpc/protos.ts";
import { encodeAccount } from "../../src/ratelimit/account.ts";
import type { LimitItem, LimitVerdict } from "../../src/ratelimit/limiter.ts";
import type { RateLimitDescriptor, RateLimitRequest, RateLimitResponse } from "../../src/ratelimit/messages.ts";
import { rateLimitPath, rateLimitService } from "../../src/ratelimit/service.ts";
import { counterValue, FlakyStore, makeLimiter, makeRule, someTimeMs } from "./support.ts";

const ada = encodeAccount(["ada"]);

function makeService() {
  const rule = makeRule({ limit: 10 });
  const calendarRule = makeRule({ id: "monthly", label: "monthly rule 2", limit: 10, unit: "Month" });
  const deny = makeRule({ id: "deny", failureMode: "deny" });
  const rules = new Map([rule, calendarRule, deny].map((one) => [one.id, one]));
  const { limiter, store, metrics } = makeLimiter(new FlakyStore(() => someTimeMs));
  const items: LimitItem[] = [];
  const verdicts: LimitVerdict[] = [];
  const spy = {
    apply: async (given: readonly LimitItem[]): Promise<readonly LimitVerdict[]> => {
      items.push(...given);
      const made = await limiter.apply(given);
      verdicts.push(...made);
      return made;
    },
  };
  const service = rateLimitService({
    limiter: spy,
    findRule: (id) => rules.get(id),
    metrics,
    nowMs: () => someTimeMs,
    codec: methodCodec<RateLimitRequest, RateLimitResponse>(rateLimitPath),
  });
  return { service, store, items, rule, calendarRule, metrics };
}

function descriptor(changes: Partial<RateLimitDescriptor> = {}, rule = makeRule().id): RateLimitDescriptor {
  return {
    entries: [
      { key: "rule", value: rule },
      { key: "account", value: ada },
    ],
    ...changes,
  };
}

function charging(value: number): RateLimitDescriptor {
  const entries = [...(descriptor().entries ?? []), { key: "phase", value: "charge" }];
  return descriptor({ entries, hits_addend: { value } });
}

// biome-ignore lint/suspicious/noExplicitAny: the body is asserted on member by member
function bodyOf(response: RateLimitResponse): any {
  return JSON.parse(Buffer.from(response.raw_body ?? []).toString());
}

describe("rateLimitService", () => {
  it("L16: answers limit, remaining and time to reset of each descriptor, in their order", async () => {
    const { service } = makeService();
    const response = await service.handle({
      descriptors: [descriptor({ hits_addend: { value: 4 } }), descriptor({ hits_addend: { value: 1 } }, "monthly")],
    });
    expect(response.overall_code).to.equal("OK");
    expect(response.statuses).to.deep.equal([
      {
        code: "OK",
        current_limit: { name: "token-budget rule 1", requests_per_unit: 10, unit: "HOUR" },
        limit_remaining: 6,
        // someTimeMs is 05:06:07.250
        duration_until_reset: { seconds: 53 * 60 + 52, nanos: 750_000_000 },
      },
      {
        code: "OK",
        current_limit: { name: "monthly rule 2", requests_per_unit: 10, unit: "MONTH" },
        limit_remaining: 9,
        duration_until_reset: { seconds: 27 * 86_400 + 18 * 3_600 + 53 * 60 + 52, nanos: 750_000_000 },
      },
    ]);
  });

  it("L16: headers and body are sent on refusal only", async () => {
    const { service } = makeService();
    const ok = await service.handle({ descriptors: [descriptor()] });
    expect(ok).to.have.all.keys("overall_code", "statuses");
    const refused = await service.handle({ descriptors: [descriptor({ hits_addend: { value: 11 } })] });
    expect(refused.overall_code).to.equal("OVER_LIMIT");
    expect(refused.statuses[0]?.code).to.equal("OVER_LIMIT");
    expect(refused.response_headers_to_add).to.deep.equal([
      { key: "content-type", value: "application/json" },
      { key: "retry-after", value: "3233" },
      { key: "x-tollgate-refused-by", value: "token-budget rule 1" },
    ]);
  });

  it("L16: a refusal names policy, rule, who, limit, used and when it resets", async () => {
    const { service } = makeService();
    await service.handle({ descriptors: [charging(25)] });
    const response = await service.handle({ descriptors: [descriptor({ hits_addend: {} })] });
    const { error } = bodyOf(response);
    expect(error).to.include({ type: "rate_limit_error", code: "token_budget_exceeded", param: null });
    for (const part of ["token-budget rule 1", 'x-user-id "ada"', "25 of 10 per hour", "2026-03-04T06:00:00.000Z"]) {
      expect(error.message).to.include(part);
    }
    expect(response.statuses[0]?.limit_remaining).to.equal(0);
  });

  it("L16: of several refusals the one that resets last speaks", async () => {
    const { service } = makeService();
    const hits = { hits_addend: { value: 11 } };
    const response = await service.handle({ descriptors: [descriptor(hits), descriptor(hits, "monthly")] });
    expect(bodyOf(response).error.message).to.include("monthly rule 2");
  });

  it("L18: a refusal because the store is away says so and asks to come back soon", async () => {
    const { service, store } = makeService();
    store.mode = "away";
    const response = await service.handle({ descriptors: [descriptor({}, "deny")] });
    expect(bodyOf(response).error).to.include({ code: "store_unavailable", type: "rate_limit_error" });
    expect(response.response_headers_to_add).to.deep.include({ key: "retry-after", value: "1" });
  });

  for (const { title, own, request, add } of [
    { title: "an explicit 0, a wrapper without a value", own: {}, request: 7, add: 0 },
    { title: "a descriptor's own addend before the request's", own: { value: 5 }, request: 7, add: 5 },
    { title: "the request's addend when the descriptor has none", own: undefined, request: 7, add: 7 },
    { title: "1 when nobody tells one", own: undefined, request: undefined, add: 1 },
    { title: "1 when the request says 0", own: undefined, request: 0, add: 1 },
  ]) {
    it(`L13: counts ${title}`, async () => {
      const { service, items } = makeService();
      const one = own === undefined ? descriptor() : descriptor({ hits_addend: own });
      await service.handle({ descriptors: [one], ...(request === undefined ? {} : { hits_addend: request }) });
      expect(items.map((item) => item.add)).to.deep.equal([add]);
    });
  }

  it("L13: negative hits give back", async () => {
    const { service } = makeService();
    await service.handle({ descriptors: [charging(8)] });
    const back = await service.handle({ descriptors: [{ ...charging(3), is_negative_hits: true }] });
    expect(back.statuses[0]?.limit_remaining).to.equal(5);
  });

  it("L13: an override takes the place of limit and unit; one of an unknown unit does not", async () => {
    const { service } = makeService();
    const strict = descriptor({ hits_addend: { value: 3 }, limit: { requests_per_unit: 2, unit: "MINUTE" } });
    const refused = await service.handle({ descriptors: [strict] });
    expect(refused.overall_code).to.equal("OVER_LIMIT");
    expect(refused.statuses[0]?.current_limit).to.include({ requests_per_unit: 2, unit: "MINUTE" });
    const unknown = descriptor({ hits_addend: { value: 3 }, limit: { requests_per_unit: 2, unit: "UNKNOWN" } });
    expect((await service.handle({ descriptors: [unknown] })).overall_code).to.equal("OK");
  });

  it("L13: a charge is never refused", async () => {
    const { service } = makeService();
    const response = await service.handle({ descriptors: [charging(1_000_000)] });
    expect(response.overall_code).to.equal("OK");
    expect(response.statuses[0]).to.include({ code: "OK", limit_remaining: 0 });
  });

  it("answers OK to a rule that it does not know, and counts it", async () => {
    const { service, metrics } = makeService();
    const noAccount = { entries: [{ key: "rule", value: makeRule().id }] };
    const response = await service.handle({ descriptors: [descriptor({}, "gone"), noAccount, {}] });
    expect(response).to.deep.equal({ overall_code: "OK", statuses: [{ code: "OK" }, { code: "OK" }, { code: "OK" }] });
    expect(await counterValue(metrics, "unknown_limit_total")).to.equal(3);
  });

  it("keeps the statuses in their places when one in the middle is unknown", async () => {
    const { service } = makeService();
    const over = descriptor({ hits_addend: { value: 11 } });
    const { statuses } = await service.handle({ descriptors: [descriptor(), descriptor({}, "gone"), over] });
    expect(statuses.map(({ code }) => code)).to.deep.equal(["OK", "OK", "OVER_LIMIT"]);
  });

  it("answers OK to a request without descriptors", async () => {
    expect(await makeService().service.handle({})).to.deep.equal({ overall_code: "OK", statuses: [] });
  });

  it("L13: on the wire an empty wrapper is 0 and an absent one is not", () => {
    const { codec } = makeService().service;
    // descriptors (2): hits_addend (3) as an empty wrapper; and a descriptor that is empty
    const decoded = codec.decode(Uint8Array.from([0x12, 0x02, 0x1a, 0x00, 0x12, 0x00]));
    expect(decoded.descriptors?.[0]?.hits_addend).to.not.equal(undefined);
    expect(decoded.descriptors?.[0]?.hits_addend?.value ?? 0).to.equal(0);
    expect(decoded.descriptors?.[1]?.hits_addend).to.equal(undefined);
  });

  it("L14, L16: every answer can be put on the wire, with weeks, months and years in it", async () => {
    const { service } = makeService();
    const response = await service.handle({ descriptors: [descriptor({ hits_addend: { value: 11 } }, "monthly")] });
    const bytes = Buffer.from(service.codec.encode(response));
    expect(bytes.includes("monthly rule 2")).to.equal(true);
    expect(bytes.includes("retry-after")).to.equal(true);
  });
});
