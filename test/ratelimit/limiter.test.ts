import { expect } from "chai";
import type { LimitRule } from "../../src/core/runtime-config.ts";
import { encodeAccount } from "../../src/ratelimit/account.ts";
import type { Limiter, LimitVerdict } from "../../src/ratelimit/limiter.ts";
import { counterValue, FlakyStore, makeLimiter, makeRule, someTimeMs } from "./support.ts";

const ada = encodeAccount(["ada"]);

async function check(limiter: Limiter, rule: LimitRule, add = 0): Promise<LimitVerdict | undefined> {
  return (await limiter.apply([{ rule, account: ada, add, charge: false }]))[0];
}

async function charge(limiter: Limiter, rule: LimitRule, add: number): Promise<LimitVerdict | undefined> {
  return (await limiter.apply([{ rule, account: ada, add, charge: true }]))[0];
}

function upLimiter() {
  return makeLimiter(new FlakyStore(() => someTimeMs));
}

describe("Limiter", () => {
  for (const { limit, cost, admitted } of [
    { limit: 10_000, cost: 100, admitted: 101 },
    { limit: 100_000, cost: 100, admitted: 1_001 },
    { limit: 100, cost: 30, admitted: 4 },
  ]) {
    it(`L13: a budget of ${limit} with calls of ${cost} charged afterwards refuses call ${admitted + 1} first`, async () => {
      const { limiter } = upLimiter();
      const rule = makeRule({ limit });
      for (let call = 1; call <= admitted; call++) {
        expect((await check(limiter, rule))?.refused, `call ${call}`).to.equal(false);
        await charge(limiter, rule, cost);
      }
      const verdict = await check(limiter, rule);
      expect(verdict).to.include({ refused: true, used: admitted * cost, limit, storeAway: false });
    });
  }

  it("L13: costs that are charged before admit exactly N/C calls", async () => {
    const { limiter } = upLimiter();
    const rule = makeRule({ limit: 5 });
    const refused: (boolean | undefined)[] = [];
    for (let call = 0; call < 7; call++) refused.push((await check(limiter, rule, 1))?.refused);
    expect(refused).to.deep.equal([false, false, false, false, false, true, true]);
  });

  it("L13: a charge is never refused and pushes the counter past the limit", async () => {
    const { limiter } = upLimiter();
    expect(await charge(limiter, makeRule(), 1_000)).to.include({ refused: false, used: 1_000 });
  });

  it("L13: if one rule of a call is refused nothing of it is added", async () => {
    const { limiter } = upLimiter();
    const wide = makeRule({ id: "wide", limit: 1_000 });
    const narrow = makeRule({ id: "narrow", limit: 1 });
    const verdicts = await limiter.apply([
      { rule: wide, account: ada, add: 2, charge: false },
      { rule: narrow, account: ada, add: 2, charge: false },
    ]);
    expect(verdicts.map(({ refused }) => refused)).to.deep.equal([false, true]);
    expect((await check(limiter, wide))?.used).to.equal(0);
  });

  it("L13: an override takes the place of limit and unit, and counts on its own counter", async () => {
    const { limiter } = upLimiter();
    const rule = makeRule({ limit: 100 });
    const override = { limit: 2, unit: "Minute" } as const;
    const item = { rule, account: ada, add: 3, charge: false, override };
    const [verdict] = await limiter.apply([item]);
    expect(verdict).to.include({ refused: true, limit: 2, unit: "Minute" });
    expect(verdict?.resetsAtMs).to.equal(Date.UTC(2026, 2, 4, 5, 7));
    expect((await check(limiter, rule, 3))?.refused).to.equal(false);
  });

  it("L16: shadow rules count and never refuse", async () => {
    const { limiter } = upLimiter();
    const rule = makeRule({ limit: 1, shadowMode: true });
    for (let call = 0; call < 3; call++) expect((await check(limiter, rule, 1))?.refused).to.equal(false);
    expect((await check(limiter, rule))?.used).to.equal(3);
  });

  it("L14: a new window starts at nothing, and tells when it ends", async () => {
    let now = someTimeMs;
    const { limiter } = makeLimiter(new FlakyStore(() => now), { nowMs: () => now });
    const rule = makeRule();
    expect((await charge(limiter, rule, 500))?.resetsAtMs).to.equal(Date.UTC(2026, 2, 4, 6));
    expect((await check(limiter, rule))?.refused).to.equal(true);
    now = Date.UTC(2026, 2, 4, 6);
    expect(await check(limiter, rule)).to.include({ refused: false, used: 0 });
  });

  it("L10: accounts and rules have counters of their own", async () => {
    const { limiter } = upLimiter();
    const rule = makeRule({ limit: 1 });
    await charge(limiter, rule, 50);
    const [other] = await limiter.apply([{ rule, account: encodeAccount(["bob"]), add: 0, charge: false }]);
    expect(other?.used).to.equal(0);
    expect((await check(limiter, makeRule({ id: "another" })))?.used).to.equal(0);
  });

  it("asks the store nothing for a call without limits", async () => {
    const { limiter, store } = upLimiter();
    expect(await limiter.apply([])).to.deep.equal([]);
    expect(store.calls).to.have.length(0);
  });
});

describe("Limiter while its store is away", () => {
  it("L18: local counts on from the value that the store told last, and hands everything over", async () => {
    const { limiter, store, journal, metrics } = upLimiter();
    const rule = makeRule({ limit: 100 });
    await charge(limiter, rule, 80);
    store.mode = "away";
    expect(await check(limiter, rule)).to.include({ refused: false, used: 80 });
    await charge(limiter, rule, 15);
    await charge(limiter, rule, 15);
    expect(await check(limiter, rule)).to.include({ refused: true, used: 110 });
    expect(journal.size).to.equal(2);
    expect(await counterValue(metrics, "store_errors_total")).to.equal(4);
    store.mode = "up";
    await limiter.recover();
    expect(journal.size).to.equal(0);
    expect(await check(limiter, rule)).to.include({ refused: true, used: 110 });
  });

  it("L18: local refuses by the rule's own limit and adds nothing then", async () => {
    const { limiter, store, journal } = upLimiter();
    const rule = makeRule({ limit: 3 });
    store.mode = "away";
    const refused: (boolean | undefined)[] = [];
    for (let call = 0; call < 5; call++) refused.push((await check(limiter, rule, 1))?.refused);
    expect(refused).to.deep.equal([false, false, false, true, true]);
    expect(journal.size).to.equal(3);
  });

  it("L18: a second outage starts from what was handed over, not from before the first", async () => {
    const { limiter, store } = upLimiter();
    const rule = makeRule({ limit: 100 });
    await charge(limiter, rule, 40);
    store.mode = "away";
    await charge(limiter, rule, 70);
    store.mode = "up";
    await limiter.recover();
    store.mode = "away";
    expect(await check(limiter, rule)).to.include({ refused: true, used: 110 });
  });

  it("L18: a missed check does not freeze the local value for the next outage", async () => {
    const { limiter, store } = upLimiter();
    const rule = makeRule({ limit: 100 });
    await charge(limiter, rule, 10);
    store.mode = "away";
    await check(limiter, rule);
    store.mode = "up";
    await charge(limiter, rule, 500);
    store.mode = "away";
    expect(await check(limiter, rule)).to.include({ refused: true, used: 510 });
  });

  it("L18: allow lets everything pass and charges it later", async () => {
    const { limiter, store, journal } = upLimiter();
    const rule = makeRule({ limit: 1, failureMode: "allow" });
    store.mode = "away";
    for (let call = 0; call < 4; call++) expect((await check(limiter, rule, 1))?.refused).to.equal(false);
    expect(journal.size).to.equal(4);
    store.mode = "up";
    await limiter.recover();
    expect((await check(limiter, rule))?.used).to.equal(4);
  });

  it("L18: deny refuses checks, says why, and keeps charges", async () => {
    const { limiter, store, journal } = upLimiter();
    const rule = makeRule({ failureMode: "deny" });
    store.mode = "away";
    expect(await check(limiter, rule, 1)).to.include({ refused: true, storeAway: true });
    expect(journal.size).to.equal(0);
    expect(await charge(limiter, rule, 7)).to.include({ refused: false });
    store.mode = "up";
    await limiter.recover();
    expect((await check(limiter, rule))?.used).to.equal(7);
  });

  it("L18: one rule that denies refuses the call, and nothing of it is added", async () => {
    const { limiter, store, journal } = upLimiter();
    const deny = makeRule({ id: "deny", failureMode: "deny" });
    const allow = makeRule({ id: "allow", failureMode: "allow" });
    const shadow = makeRule({ id: "shadow", failureMode: "deny", shadowMode: true });
    store.mode = "away";
    const verdicts = await limiter.apply(
      [allow, deny, shadow].map((rule) => ({ rule, account: ada, add: 5, charge: false })),
    );
    expect(verdicts.map(({ refused }) => refused)).to.deep.equal([false, true, false]);
    expect(journal.size).to.equal(0);
  });

  it("L18: a shadow rule never refuses, also not by denying", async () => {
    const { limiter, store } = upLimiter();
    store.mode = "away";
    expect((await check(limiter, makeRule({ failureMode: "deny", shadowMode: true }), 1))?.refused).to.equal(false);
  });

  it("L19: a call that reached the store but was answered too late counts once", async () => {
    const { limiter, store, journal } = upLimiter();
    const rule = makeRule({ limit: 1_000 });
    store.mode = "takes but does not answer";
    await charge(limiter, rule, 30);
    await charge(limiter, rule, 12);
    expect(journal.size).to.equal(2);
    store.mode = "up";
    await limiter.recover();
    expect(journal.size).to.equal(0);
    expect((await check(limiter, rule))?.used).to.equal(42);
  });

  it("L19: what the store refused too late to be heard, and local counting admitted, counts once", async () => {
    const { limiter, store } = upLimiter();
    const rule = makeRule({ limit: 10 });
    // another gateway used it up, and this one has not heard of it
    const elsewhere = makeLimiter(store);
    await charge(elsewhere.limiter, rule, 10);
    store.mode = "takes but does not answer";
    expect((await check(limiter, rule, 4))?.refused).to.equal(false);
    store.mode = "up";
    await limiter.recover();
    expect((await check(limiter, rule))?.used).to.equal(14);
  });

  it("L18: the first answer after an outage starts the hand-over, whatever the connection says", async () => {
    const { limiter, store, journal } = upLimiter();
    const rule = makeRule();
    store.mode = "away";
    await charge(limiter, rule, 5);
    store.mode = "up";
    await check(limiter, rule);
    await limiter.recover();
    expect(journal.size).to.equal(0);
    expect((await check(limiter, rule))?.used).to.equal(5);
  });

  it("L19: the journal is bounded, and what it dropped is counted", async () => {
    const store = new FlakyStore(() => someTimeMs);
    const { limiter, journal, metrics } = makeLimiter(store, { journalCalls: 3 });
    const rule = makeRule();
    store.mode = "away";
    for (const add of [1, 2, 4, 8, 16]) await charge(limiter, rule, add);
    expect(journal.size).to.equal(3);
    expect(await counterValue(metrics, "journal_dropped_total")).to.equal(2);
    store.mode = "up";
    await limiter.recover();
    expect((await check(limiter, rule))?.used).to.equal(4 + 8 + 16);
  });
});
