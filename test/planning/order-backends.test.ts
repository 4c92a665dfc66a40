import { expect } from "chai";
import fc from "fast-check";
import type { BackendRef, RetryPolicy } from "../../src/core/runtime-config.ts";
import { orderBackends } from "../../src/planning/order-backends.ts";
import { makeBackend, makeConfig, makeRef, makeRouteRule, seeded } from "./support.ts";

const always = () => undefined;

function order(
  backends: readonly BackendRef[],
  attempts: Partial<RetryPolicy> = {},
  random = () => 0,
  cannotServe = always as Parameters<typeof orderBackends>[4],
) {
  const rule = makeRouteRule("rule", { backends, attempts });
  const { attempts: planned, dropped } = orderBackends(makeConfig([{ rule }]), rule, "gpt-4o", random, cannotServe);
  return { ids: planned.map(({ backend }) => backend.id), dropped };
}

describe("orderBackends", () => {
  it("goes by priority, one attempt each", () => {
    const refs = [
      makeRef("ai/bedrock", { priority: 2 }),
      makeRef("ai/openai", { priority: 0 }),
      makeRef("ai/anthropic", { priority: 1 }),
    ];
    expect(order(refs).ids).to.deep.equal(["ai/openai", "ai/anthropic", "ai/bedrock"]);
  });

  it("chooses within a priority by weight", () => {
    const refs = [
      makeRef("ai/openai", { weight: 80 }),
      makeRef("ai/anthropic", { weight: 20 }),
      makeRef("ai/bedrock", { weight: 0 }),
    ];
    const random = seeded(7);
    const counts = new Map<string, number>();
    for (let run = 0; run < 4_000; run++) {
      const [id = ""] = order(refs, {}, random).ids;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(counts.get("ai/openai")).to.be.within(3_100, 3_300);
    expect(counts.get("ai/anthropic")).to.equal(4_000 - (counts.get("ai/openai") ?? 0));
  });

  it("takes every backend of a priority before one again, attemptsPerPriority in all", () => {
    const refs = [
      makeRef("ai/openai", { weight: 1_000 }),
      makeRef("ai/anthropic"),
      makeRef("ai/bedrock", { priority: 1 }),
    ];
    const { ids } = order(refs, { attemptsPerPriority: 3 });
    expect(ids).to.deep.equal(["ai/openai", "ai/anthropic", "ai/openai", "ai/bedrock", "ai/bedrock", "ai/bedrock"]);
  });

  it("plans no more than maxRetries + 1 attempts", () => {
    const refs = [
      makeRef("ai/openai"),
      makeRef("ai/anthropic", { priority: 1 }),
      makeRef("ai/bedrock", { priority: 2 }),
    ];
    expect(order(refs, { maxRetries: 1 }).ids).to.deep.equal(["ai/openai", "ai/anthropic"]);
    expect(order(refs, { maxRetries: 0 }).ids).to.deep.equal(["ai/openai"]);
    expect(order(refs, { maxRetries: 9 }).ids).to.have.length(3);
  });

  it("drops what cannot be used, with the reason, and leaves its turn to the next", () => {
    const rule = makeRouteRule("rule", {
      backends: [
        makeRef("ai/gone"),
        makeRef("ai/no-key", { priority: 1 }),
        makeRef("ai/other", { priority: 2 }),
        makeRef("ai/openai", { priority: 3 }),
      ],
    });
    const backends = new Map([
      ["ai/no-key", makeBackend("ai/no-key", { unusable: "its Secret is missing" })],
      ["ai/other", makeBackend("ai/other")],
      ["ai/openai", makeBackend("ai/openai")],
    ]);
    const { attempts, dropped } = orderBackends(
      makeConfig([{ rule }], { backends }),
      rule,
      "m",
      () => 0,
      ({ backend }) => (backend.id === "ai/other" ? "cannot do n > 1" : undefined),
    );
    expect(attempts.map(({ backend }) => backend.id)).to.deep.equal(["ai/openai"]);
    expect(dropped).to.deep.equal([
      { backendId: "ai/gone", reason: "backend ai/gone was not found" },
      { backendId: "ai/no-key", reason: "its Secret is missing" },
      { backendId: "ai/other", reason: "cannot do n > 1" },
    ]);
  });

  it("property: priorities never fall, disabled backends never appear, and each of a priority has its turn", () => {
    const ref = fc.record({
      id: fc.constantFrom("ai/openai", "ai/anthropic", "ai/bedrock"),
      priority: fc.nat(2),
      weight: fc.nat(3),
    });
    fc.assert(
      fc.property(
        fc.array(ref, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer(),
        (refs, attemptsPerPriority, seed) => {
          const backends = refs.map(({ id, ...rest }) => makeRef(id, rest));
          const rule = makeRouteRule("rule", { backends, attempts: { attemptsPerPriority } });
          const { attempts } = orderBackends(makeConfig([{ rule }]), rule, "m", seeded(seed), always);
          const priorities = attempts.map((attempt) => attempt.ref.priority);
          expect(priorities).to.deep.equal([...priorities].sort((a, b) => a - b));
          expect(attempts.every((attempt) => attempt.ref.weight > 0)).to.equal(true);
          for (const priority of new Set(backends.filter(({ weight }) => weight > 0).map((one) => one.priority))) {
            const here = attempts.filter((attempt) => attempt.ref.priority === priority).map((attempt) => attempt.ref);
            const usable = backends.filter((one) => one.priority === priority && one.weight > 0).length;
            expect(here).to.have.length(attemptsPerPriority);
            expect(new Set(here).size).to.equal(Math.min(usable, attemptsPerPriority));
          }
        },
      ),
    );
  });
});
