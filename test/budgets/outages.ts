import { randomUUID } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import type { RemoteBudgetStore } from "../../src/budgets/booking.ts";
import { BudgetStoreUnavailable, type BudgetTerms } from "../../src/budgets/budget-store.ts";
import type { FailureModes } from "../../src/budgets/failure-modes.ts";
import { type Gate, GatedStore } from "./gated-store.ts";
import { makeBudget, makeFailureModes, makeReserve } from "./support.ts";

/** One thing that happens to one of two gateways. Amounts are units; sessions are numbers. */
export type OutageStep =
  | { readonly kind: "reserve"; readonly gateway: number; readonly budgets: readonly number[]; readonly amount: number }
  | { readonly kind: "extend"; readonly session: number; readonly amount: number }
  | { readonly kind: "meter"; readonly session: number }
  | { readonly kind: "settle"; readonly session: number; readonly percent: number }
  | { readonly kind: "gate"; readonly gateway: number; readonly gate: Gate }
  | { readonly kind: "tend"; readonly gateway: number }
  | { readonly kind: "expire"; readonly gateway: number }
  | { readonly kind: "pass"; readonly ms: number };

/** A Lease, an Allow and a Deny budget, of which the last two are seldom asked for. */
const modes = ["Lease", "Lease", "Allow", "Deny"] as const;
const limit = 100n;
/** Of the limit, in percent: a slice is 10. */
const percent = 10;
export const slice = 10n;
export const gatewayCount = 2;
const timeToLiveMs = 10_000;
const startMs = Date.parse("2026-03-04T00:00:40Z");

const gateway = fc.nat({ max: gatewayCount - 1 });
const session = fc.nat({ max: 200 });
const amount = fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 30 }));

const step: fc.Arbitrary<OutageStep> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      gateway,
      budgets: fc.oneof(
        { weight: 5, arbitrary: fc.constant([0]) },
        { weight: 2, arbitrary: fc.uniqueArray(fc.nat({ max: modes.length - 1 }), { minLength: 1 }) },
      ),
      amount,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("extend" as const), session, amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("meter" as const), session }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      session,
      percent: fc.constantFrom(0, 50, 100, 100),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("gate" as const),
      gateway,
      gate: fc.constantFrom<Gate>("open", "open", "away", "deaf"),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("tend" as const), gateway }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("expire" as const), gateway }) },
  // a request's hold lives 10 s, a slice's 600 s
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1_000, 11_000, 601_000) }),
  },
);

/** The request that was let through last. */
const last = -1;

/** A slice that is spent from again and again, and expires and is taken by others before it is settled. */
const cutOff: fc.Arbitrary<readonly OutageStep[]> = fc
  .record({ cost: fc.nat({ max: 9 }), gate: gateway, left: fc.boolean() })
  .map(({ cost, gate, left }): readonly OutageStep[] => {
    const reserve = (by: number, asked: number): OutageStep => ({
      kind: "reserve",
      gateway: by,
      budgets: [0],
      amount: asked,
    });
    const spend = [reserve(gate, cost), { kind: "settle", session: last, percent: 100 } as const];
    return [
      reserve(gate, 1),
      { kind: "tend", gateway: gate },
      { kind: "gate", gateway: gate, gate: "away" },
      ...Array.from({ length: 5 }, () => spend).flat(),
      ...(left ? [reserve(gate, 2)] : []),
      { kind: "pass", ms: 601_000 },
      { kind: "expire", gateway: 1 - gate },
      ...Array.from({ length: 12 }, () => reserve(1 - gate, 9)),
      { kind: "gate", gateway: gate, gate: "open" },
      { kind: "tend", gateway: gate },
    ];
  });

export const outageRuns: fc.Arbitrary<readonly OutageStep[]> = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: step.map((one): readonly OutageStep[] => [one]) },
      { weight: 1, arbitrary: cutOff },
    ),
    { maxLength: 60, size: "max" },
  )
  .map((parts) => parts.flat());

interface Served {
  readonly gateway: number;
  readonly sessionId: string;
  readonly budgets: readonly BudgetTerms[];
  held: bigint;
  cost: bigint | undefined;
}

/** Drives gateways whose connections break, and knows what they let through. */
export class Outages {
  readonly #stores: readonly GatedStore[];
  readonly #gateways: readonly FailureModes[];
  readonly #direct: RemoteBudgetStore;
  readonly #setClock: (nowMs: number) => void;
  readonly #budgets: readonly BudgetTerms[];
  readonly #served: Served[] = [];
  #nowMs = startMs;
  /** How many requests were let through while their gateway was cut off. */
  unstored = 0;

  constructor(stores: readonly RemoteBudgetStore[], setClock: (nowMs: number) => void) {
    const [direct] = stores;
    if (direct === undefined) throw new Error("no store");
    this.#direct = direct;
    this.#setClock = setClock;
    this.#stores = stores.map((store) => new GatedStore(store));
    this.#budgets = modes.map((mode) => makeBudget({ id: `${mode}/${randomUUID()}`, limit }));
    this.#gateways = this.#stores.map((store, index) =>
      makeFailureModes(store, { owner: `gateway-${index}`, percent, nowMs: () => this.#nowMs }),
    );
    setClock(this.#nowMs);
  }

  async take(next: OutageStep): Promise<void> {
    switch (next.kind) {
      case "reserve":
        return this.#reserve(next.gateway, next.budgets, BigInt(next.amount));
      case "extend":
        return this.#extend(this.#served.at(next.session), BigInt(next.amount));
      case "meter": {
        const one = this.#served.at(next.session);
        if (one === undefined || one.cost !== undefined) return;
        const sessions = [{ sessionId: one.sessionId, amounts: amountsOf(one, one.held / 2n) }];
        await this.#gateway(one.gateway).meter({ timeToLiveMs, sessions });
        return;
      }
      case "settle":
        return this.#settle(this.#served.at(next.session), BigInt(next.percent));
      case "gate": {
        const store = this.#stores[next.gateway];
        if (store !== undefined) store.gate = next.gate;
        return;
      }
      case "tend":
        return this.#gateway(next.gateway).tend();
      case "expire":
        await this.#gateway(next.gateway).expire({ id: randomUUID(), maxHolds: 1_000 });
        return;
      case "pass":
        this.#nowMs += next.ms;
        this.#setClock(this.#nowMs);
    }
  }

  /** In the store `spent + held ≤ limit`; what was let through is at most the limit and what may be overspent. */
  async check(): Promise<void> {
    const standings = await this.#direct.read(this.#budgets.map((budget) => ({ budget, account: "alice" })));
    for (const [index, { spent, held }] of standings.entries()) {
      const mode = modes[index];
      expect(spent + held <= limit, `${mode}: spent ${spent} + held ${held} in the store`).to.equal(true);
      const through = this.#through(this.#budgets[index]);
      const bound = mode === "Lease" ? limit + BigInt(gatewayCount) * slice : limit;
      if (mode !== "Allow")
        expect(through <= bound, `${mode}: ${through} let through, at most ${bound}`).to.equal(true);
    }
  }

  /** Everything heals and ends: then the store has every cost exactly once, and nothing is held but by slices that are given back. */
  async end(): Promise<void> {
    for (const store of this.#stores) store.gate = "open";
    for (const one of this.#served) await this.#settle(one, 100n);
    for (let round = 0; round < 3; round++) for (const gateway of this.#gateways) await gateway.tend();
    await this.check();
    for (const gateway of this.#gateways) {
      expect(gateway.waiting, "what waits at the end").to.equal(0);
      await gateway.close();
    }
    const standings = await this.#direct.read(this.#budgets.map((budget) => ({ budget, account: "alice" })));
    for (const [index, { spent, held, overrun }] of standings.entries()) {
      const name = `${modes[index]} at the end`;
      expect(spent + overrun, `booked on ${name}`).to.equal(this.#through(this.#budgets[index]));
      expect(held, `held on ${name}`).to.equal(0n);
    }
  }

  #gateway(index: number): FailureModes {
    const found = this.#gateways[index];
    if (found === undefined) throw new Error("no such gateway");
    return found;
  }

  #through(budget: BudgetTerms | undefined): bigint {
    return this.#served
      .filter(({ budgets }) => budgets.some((one) => one === budget))
      .reduce((sum, { held, cost }) => sum + (cost ?? held), 0n);
  }

  async #reserve(index: number, of: readonly number[], asked: bigint): Promise<void> {
    const budgets = of.flatMap((number) => this.#budgets[number] ?? []);
    const call = makeReserve(
      budgets.map((budget) => ({ budget, account: "alice", amount: asked })),
      { timeToLiveMs },
    );
    const passed = await passes(this.#gateway(index).reserve(call));
    if (!passed) return;
    if (this.#stores[index]?.gate !== "open") this.unstored++;
    this.#served.push({ gateway: index, sessionId: call.sessionId, budgets, held: asked, cost: undefined });
  }

  async #extend(one: Served | undefined, more: bigint): Promise<void> {
    if (one === undefined || one.cost !== undefined) return;
    const call = { id: randomUUID(), sessionId: one.sessionId, amounts: amountsOf(one, more) };
    if (await passes(this.#gateway(one.gateway).extend(call))) one.held += more;
  }

  async #settle(one: Served | undefined, part: bigint): Promise<void> {
    if (one === undefined || one.cost !== undefined) return;
    one.cost = (one.held * part) / 100n;
    const call = { id: randomUUID(), sessionId: one.sessionId, amounts: amountsOf(one, one.cost) };
    await this.#gateway(one.gateway).settle(call);
  }
}

function amountsOf({ budgets }: Served, amount: bigint) {
  return budgets.map(({ id }) => ({ budgetId: id, amount }));
}

async function passes(answer: Promise<{ readonly kind: string }>): Promise<boolean> {
  try {
    return (await answer).kind === "reserved";
  } catch (error) {
    expect(error).to.be.instanceOf(BudgetStoreUnavailable);
    return false;
  }
}
