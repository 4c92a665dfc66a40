import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { Redis } from "ioredis";
import type { BudgetTerms, ReserveLine } from "../../src/budgets/budget-store.ts";
import type { FailureModesOptions } from "../../src/budgets/failure-modes.ts";
import { RedisBudgetStore } from "../../src/budgets/stores/redis.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";
import { GatedStore } from "./gated-store.ts";
import { amounts, noon, sums } from "./stores/driver.ts";
import { makeBudget, makeFailureModes, makeReserve } from "./support.ts";

type Amounts = readonly (readonly [BudgetTerms, bigint])[];

/** A limit of 100, of which 10 are leased. */
export function budgetOf(mode: "Allow" | "Deny" | "Lease", terms: Partial<BudgetTerms> = {}): BudgetTerms {
  return makeBudget({ id: `${mode}/${randomUUID()}`, ...terms });
}

export async function failureOf(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    (value) => value,
    (error: unknown) => error,
  );
}

/** A real Redis, and gateways whose connections to it tests break. Call it in a `describe`. */
export function gatewaysOnRedis() {
  let redis: TestRedis;
  let client: Redis;
  const clock = { ms: noon };
  const nowMs = () => clock.ms;

  before(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    await until("a connection", () => client.status === "ready");
  });

  beforeEach(() => {
    clock.ms = noon;
  });

  after(async () => {
    client?.disconnect();
    await redis?.stop();
  });

  function makeStore(): RedisBudgetStore {
    return new RedisBudgetStore({ client, place: "Redis of the test", timeoutMs: 5_000, nowMs, storeNowMs: nowMs });
  }

  /** A gateway, its connection, and the store as others see it. */
  function makeGateway(options: Partial<FailureModesOptions> = {}) {
    const direct = makeStore();
    const gate = new GatedStore(makeStore());
    const metrics = new Metrics();
    const gateway = makeFailureModes(gate, { nowMs, metrics, ...options });
    return {
      gate,
      gateway,
      metrics,
      direct,
      /** Lets a request through. */
      async open(...lines: ReserveLine[]): Promise<string> {
        const call = makeReserve(lines);
        const { kind } = await gateway.reserve(call);
        if (kind !== "reserved") throw new Error(`the test's reservation was ${kind}`);
        return call.sessionId;
      },
      settle: (sessionId: string, ...of: Amounts) =>
        gateway.settle({ id: randomUUID(), sessionId, amounts: amounts(...of) }),
      extend: (sessionId: string, ...of: Amounts) =>
        gateway.extend({ id: randomUUID(), sessionId, amounts: amounts(...of) }),
      async expectSums(budget: BudgetTerms, spent: bigint, held: bigint, overrun = 0n, atMs = clock.ms) {
        const [found] = await direct.read([{ budget, account: "alice", atMs }]);
        expect(found && sums(found)).to.deep.equal({ spent, held, overrun });
      },
      /** The store is there again, and everything that waits is brought. */
      async heal() {
        gate.gate = "open";
        await gateway.tend();
        await gateway.tend();
      },
    };
  }

  return { clock, nowMs, makeStore, makeGateway, loseData: () => client.flushall() };
}
