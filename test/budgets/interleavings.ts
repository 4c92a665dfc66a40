import { randomUUID } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import type { BudgetStore, BudgetTerms } from "../../src/budgets/budget-store.ts";
import type { BudgetWindow } from "../../src/core/budget.ts";
import { BudgetModel, type ModelSession } from "./budget-model.ts";
import { day, makeBudget, makeReserve, minute } from "./support.ts";

/** One thing that happens. Sessions, budgets and accounts are numbers; amounts are in units of the run's scale. */
export type Step =
  | { readonly kind: "reserve"; readonly session: number; readonly lines: readonly StepLine[] }
  | { readonly kind: "extend"; readonly session: number; readonly amounts: readonly number[] }
  | { readonly kind: "meter"; readonly session: number; readonly amounts: readonly number[] }
  | { readonly kind: "settle"; readonly session: number; readonly amounts: readonly number[] }
  | { readonly kind: "crash"; readonly session: number }
  | { readonly kind: "expire"; readonly maxHolds: number }
  /** The process is killed -9 and started again. */
  | { readonly kind: "restart" }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "repeat"; readonly which: number };

interface StepLine {
  readonly budget: number;
  readonly account: number;
  readonly amount: number;
}

export interface Run {
  readonly scale: bigint;
  readonly steps: readonly Step[];
}

/** Of the three Hard budgets: a minute, a rolling three minutes, a day. A Soft and a Shadow one follow. */
const hardLimits = [100, 120, 150];
const budgetCount = hardLimits.length + 2;
const timeToLiveMs = 10_000;
/** A minute before midnight, so that days change too. */
const startMs = Date.parse("2026-03-04T23:58:40Z");

const sessionCount = 16;
const session = fc.nat({ max: sessionCount - 1 });
const amount = fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 12 }));
const amounts = fc.array(amount, { minLength: budgetCount, maxLength: budgetCount });

function everywhere(units: number): readonly number[] {
  return Array.from({ length: budgetCount }, () => units);
}

const line = fc.record({ budget: fc.nat({ max: budgetCount - 1 }), account: fc.nat({ max: 1 }), amount });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      session,
      lines: fc.uniqueArray(line, { minLength: 1, maxLength: 3, selector: ({ budget }) => budget }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("extend" as const), session, amounts }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("meter" as const), session, amounts }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("settle" as const), session, amounts }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), session }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("expire" as const), maxHolds: fc.constantFrom(1, 1_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, 3_000, 10_000, 45_000, 181_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("repeat" as const), which: fc.nat({ max: 200 }) }) },
);

/** An owner that pauses until its hold is settled for it and what it freed is taken by others, and then comes back. */
const pausedOwner: fc.Arbitrary<readonly Step[]> = fc
  .record({
    paused: session,
    other: session,
    where: fc.record({ budget: fc.nat({ max: 2 }), account: fc.nat({ max: 1 }) }),
    held: fc.integer({ min: 30, max: 60 }),
    metered: fc.nat({ max: 10 }),
    left: fc.integer({ min: 10, max: 30 }),
    bill: fc.integer({ min: 20, max: 70 }),
  })
  .map(({ paused, other, where, held, metered, left, bill }) => [
    { kind: "reserve", session: paused, lines: [{ ...where, amount: held }] },
    { kind: "meter", session: paused, amounts: everywhere(metered) },
    // sent before it, and delayed
    { kind: "meter", session: paused, amounts: everywhere(metered >> 1) },
    { kind: "pass", ms: 10_000 },
    { kind: "expire", maxHolds: 1_000 },
    { kind: "reserve", session: other, lines: [{ ...where, amount: (hardLimits[where.budget] ?? 0) - left }] },
    { kind: "settle", session: paused, amounts: everywhere(bill) },
  ]);

/** A hold of a rolling window that grows when later buckets are nearly full. */
const lateGrowth: fc.Arbitrary<readonly Step[]> = fc
  .record({
    early: session,
    late: session,
    account: fc.nat({ max: 1 }),
    ms: fc.constantFrom(45_000, 100_000, 170_000),
    amounts,
  })
  .map(({ early, late, account, ms, amounts: more }) => [
    { kind: "reserve", session: early, lines: [{ budget: 1, account, amount: 5 }] },
    { kind: "pass", ms },
    { kind: "reserve", session: late, lines: [{ budget: 1, account, amount: 100 }] },
    { kind: "extend", session: early, amounts: more },
  ]);

const story = fc.oneof(pausedOwner, lateGrowth);
const part: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 12, arbitrary: step.map((one): readonly Step[] => [one]) },
  { weight: 1, arbitrary: story },
);

export const runs: fc.Arbitrary<Run> = fc.record({
  scale: fc.constantFrom(1n, 499_999_999n, 1_000_000_000_000_007n),
  // stories that come first find the budgets unused
  steps: fc
    .tuple(fc.array(story, { maxLength: 2 }), fc.array(part, { maxLength: 50, size: "max" }))
    .map((parts) => parts.flat(2)),
});

/** What is compared with the model. */
export interface Compared {
  /** Gateways; they take turns. */
  readonly stores: readonly BudgetStore[];
  readonly setClock: (nowMs: number) => void;
  /** Gives what comes back after kill -9; undefined = stores that never end. */
  readonly restart?: () => Promise<readonly BudgetStore[]>;
}

/** Drives a store and the model through a run, and compares them after every step. */
class Comparison {
  readonly #model = new BudgetModel();
  #compared: Compared;
  readonly #scale: bigint;
  readonly #budgets: readonly BudgetTerms[];
  readonly #sessionIds = Array.from({ length: sessionCount }, () => randomUUID());
  readonly #crashed = new Set<string>();
  readonly #expired = new Set<string>();
  readonly #sent: { readonly again: () => Promise<unknown>; readonly answer: unknown }[] = [];
  readonly #times = new Set<number>();
  #nowMs = startMs;
  #turn = 0;

  constructor(compared: Compared, scale: bigint) {
    this.#compared = compared;
    this.#scale = scale;
    const windows: readonly BudgetWindow[] = [minute, { kind: "rolling", lengthMs: 180_000 }, day];
    this.#budgets = [
      ...windows.map((window, index) => makeBudget({ window, limit: BigInt(hardLimits[index] ?? 0) * scale })),
      makeBudget({ window: minute, limit: 60n * scale, enforcement: "Soft" }),
      makeBudget({ window: day, limit: 30n * scale, enforcement: "Shadow" }),
    ];
    this.#pass(0);
  }

  get #store(): BudgetStore {
    const { stores } = this.#compared;
    const store = stores[this.#turn++ % stores.length];
    if (store === undefined) throw new Error("no store");
    return store;
  }

  async take(next: Step): Promise<void> {
    switch (next.kind) {
      case "reserve":
        return this.#reserve(this.#id(next.session), next.lines);
      case "extend":
        return this.#extend(this.#id(next.session), next.amounts);
      case "meter":
        return this.#meter(this.#id(next.session), next.amounts);
      case "settle":
        return this.#settle(this.#id(next.session), next.amounts);
      case "crash":
        this.#crashed.add(this.#id(next.session));
        return;
      case "expire":
        return this.#expire(next.maxHolds);
      case "restart":
        return this.#restart();
      case "pass":
        // sessions are remembered for an hour
        if (this.#nowMs + next.ms < startMs + 3_600_000) this.#pass(next.ms);
        return;
      case "repeat": {
        const sent = this.#sent[next.which % Math.max(1, this.#sent.length)];
        if (sent !== undefined) expect(await sent.again(), "a repetition").to.deep.equal(sent.answer);
      }
    }
  }

  /** Every owner is gone for an hour: what is open expires, and then the books must be right. */
  async end(): Promise<void> {
    this.#pass(3_600_000);
    await this.#expire(100_000);
    for (const [id, { state }] of this.#model.sessions) {
      expect(state, `session ${id} at the end`).to.not.equal("open");
    }
    await this.compare();
  }

  async compare(): Promise<void> {
    const queries = this.#budgets.flatMap((budget) =>
      ["0", "1"].flatMap((account) => [...this.#times].map((atMs) => ({ budget, account, atMs }))),
    );
    const standings = await this.#store.read(queries);
    for (const [index, standing] of standings.entries()) {
      const query = queries[index];
      if (query === undefined) throw new Error("more answers than questions");
      const complaint = this.#model.complaint(query.budget, standing, query.atMs);
      const where = `${JSON.stringify(query.budget.window)} ${query.account} at ${new Date(query.atMs).toISOString()}`;
      expect(complaint, where).to.equal(undefined);
    }
  }

  async #restart(): Promise<void> {
    const stores = await this.#compared.restart?.();
    if (stores !== undefined) this.#compared = { ...this.#compared, stores };
  }

  #id(index: number): string {
    return this.#sessionIds[index] ?? "";
  }

  #budget(index: number): BudgetTerms {
    const budget = this.#budgets[index];
    if (budget === undefined) throw new Error(`no budget ${index}`);
    return budget;
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#times.add(this.#nowMs);
    this.#compared.setClock(this.#nowMs);
  }

  /** Amounts for the budgets of a session. */
  #amounts({ lines }: ModelSession, numbers: readonly number[]) {
    return lines.map(({ budget }) => ({
      budgetId: budget.id,
      amount: BigInt(numbers[this.#budgets.indexOf(budget)] ?? 0) * this.#scale,
    }));
  }

  /** Sends it, half of the time twice at once, as after a time-out. */
  async #send<Answer>(operation: (store: BudgetStore) => Promise<Answer>): Promise<Answer> {
    const answer = operation(this.#store);
    if (this.#sent.length % 2 === 0) expect(await operation(this.#store), "the twin").to.deep.equal(await answer);
    this.#sent.push({ again: () => operation(this.#store), answer: await answer });
    return answer;
  }

  async #reserve(sessionId: string, of: readonly StepLine[]): Promise<void> {
    const known = this.#model.session(sessionId);
    const lines = of.map(({ budget, account, amount: units }) => ({
      budget: this.#budget(budget),
      account: String(account),
      amount: BigInt(units) * this.#scale,
    }));
    const short = lines.filter(({ budget, account, amount: asked }) =>
      this.#model.refuses(budget, this.#model.peak(budget, account, this.#nowMs), asked),
    );
    const call = makeReserve(lines, { sessionId, timeToLiveMs });
    const answer = await this.#send((store) => store.reserve(call));
    if (known.state !== "new") {
      expect(answer.kind).to.equal("closed");
      return;
    }
    expect(answer.kind === "refused" ? answer.shortages.map(({ budgetId }) => budgetId) : []).to.deep.equal(
      short.map(({ budget }) => budget.id),
    );
    if (short.length > 0) return;
    expect(answer.kind).to.equal("reserved");
    known.state = "open";
    known.expiresAtMs = this.#nowMs + timeToLiveMs;
    known.lines = lines.map(({ budget, account, amount: held }) => ({
      budget,
      account,
      reservedMs: this.#nowMs,
      held,
      metered: undefined,
      final: undefined,
    }));
  }

  async #extend(sessionId: string, numbers: readonly number[]): Promise<void> {
    const known = this.#model.session(sessionId);
    if (this.#crashed.has(sessionId)) return;
    const more = this.#amounts(known, numbers);
    const fits = known.lines.every(
      ({ budget, account, reservedMs }, index) =>
        budget.enforcement !== "Hard" ||
        !this.#model.refuses(budget, this.#model.peak(budget, account, reservedMs), more[index]?.amount ?? 0n),
    );
    const call = { id: randomUUID(), sessionId, amounts: more };
    const answer = await this.#send((store) => store.extend(call));
    expect(answer.kind).to.equal(known.state !== "open" ? "closed" : fits ? "reserved" : "refused");
    if (answer.kind !== "reserved") return;
    for (const [index, held] of known.lines.entries()) held.held += more[index]?.amount ?? 0n;
  }

  async #meter(sessionId: string, numbers: readonly number[]): Promise<void> {
    const known = this.#model.session(sessionId);
    if (this.#crashed.has(sessionId)) return;
    const sessions = [{ sessionId, amounts: this.#amounts(known, numbers) }];
    const states = await this.#store.meter({ timeToLiveMs, sessions });
    expect(states).to.deep.equal([known.state === "open" ? "open" : "closed"]);
    if (known.state !== "open") return;
    known.expiresAtMs = Math.max(known.expiresAtMs, this.#nowMs + timeToLiveMs);
    for (const [index, metered] of known.lines.entries()) {
      const cost = sessions[0]?.amounts[index]?.amount ?? 0n;
      if (metered.metered === undefined || cost > metered.metered) metered.metered = cost;
    }
  }

  async #settle(sessionId: string, numbers: readonly number[]): Promise<void> {
    const known = this.#model.session(sessionId);
    if (this.#crashed.has(sessionId)) return;
    const call = { id: randomUUID(), sessionId, amounts: this.#amounts(known, numbers) };
    const answer = await this.#send((store) => store.settle(call));
    if (known.state === "open" || known.state === "expired") {
      if (answer.kind !== "settled") throw new Error(`an ${known.state} session was answered ${answer.kind}`);
      expect(answer.late).to.equal(known.state === "expired");
      for (const [index, settled] of known.lines.entries()) {
        const bill = call.amounts[index]?.amount ?? 0n;
        const { spent = 0n, overrun = 0n } = answer.lines[index] ?? {};
        expect(spent + overrun, "what was booked").to.equal(bill);
        const hard = settled.budget.enforcement === "Hard";
        const excess = hard && bill > settled.held ? bill - settled.held : 0n;
        if (answer.late) expect(overrun >= excess, "overrun of a late settlement").to.equal(true);
        else expect(overrun, "overrun").to.equal(excess);
        settled.final = bill;
      }
    }
    known.state = "closed";
  }

  async #expire(maxHolds: number): Promise<void> {
    const call = { id: randomUUID(), maxHolds };
    const due = [...this.#model.sessions]
      .filter(([, { state, expiresAtMs }]) => state === "open" && expiresAtMs <= this.#nowMs)
      .map(([id]) => id);
    const answer = await this.#store.expire(call);
    // a run before this one that failed half-way may have left holds behind
    const ours = answer.filter(({ sessionId }) => this.#model.sessions.has(sessionId));
    if (maxHolds >= 1_000) expect(ours.map(({ sessionId }) => sessionId)).to.have.members(due);
    if (answer.length > 0) this.#sent.push({ again: () => this.#store.expire(call), answer });
    for (const { sessionId, verdict, lines } of ours) {
      expect(due, "what expires").to.include(sessionId);
      expect(this.#expired.has(sessionId), "expired twice").to.equal(false);
      this.#expired.add(sessionId);
      const known = this.#model.session(sessionId);
      known.state = "expired";
      for (const [index, expired] of known.lines.entries()) {
        expect(verdict).to.equal(expired.metered === undefined ? "unknown" : "metered");
        expired.final = expired.metered ?? expired.held;
        const { spent = 0n, overrun = 0n } = lines[index] ?? {};
        expect(spent + overrun, "what was booked").to.equal(expired.final);
      }
    }
  }
}

/** Rejects when the store does not do what the model says. */
export async function compare({ scale, steps }: Run, compared: Compared): Promise<void> {
  const comparison = new Comparison(compared, scale);
  for (const next of steps) {
    await comparison.take(next);
    await comparison.compare();
  }
  await comparison.end();
}
