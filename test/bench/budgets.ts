// What a budget adds to a request: `node --import ts-blank-space/register test/bench/budgets.ts`. Needs redis-server.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { BudgetStore, BudgetTerms } from "../../src/budgets/budget-store.ts";
import { EmbeddedBudgetStore } from "../../src/budgets/stores/embedded.ts";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import { RedisBudgetStore } from "../../src/budgets/stores/redis.ts";
import type { BudgetWindow } from "../../src/core/budget.ts";
import { startRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";

const rounds = 5;
const memoryPairs = 20_000;
const syncedPairs = 500;
const redisPairs = 1_000;

const calendar: BudgetWindow = { kind: "calendar", every: "Day", timeZone: "Europe/Berlin" };
const rolling: BudgetWindow = { kind: "rolling", lengthMs: 86_400_000 };

function makeBudgets(windows: readonly BudgetWindow[]): readonly BudgetTerms[] {
  return windows.map((window) => ({ id: `ns/${randomUUID()}`, limit: 10n ** 18n, window, enforcement: "Hard" }));
}

/** Reserve and settle of one request after the other; microseconds of each pair. */
async function pairs(store: BudgetStore, budgets: readonly BudgetTerms[], count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const sessionId = randomUUID();
    const lines = budgets.map((budget) => ({ budget, account: `user-${index % 100}`, amount: 12_345_678n }));
    const amounts = budgets.map(({ id }) => ({ budgetId: id, amount: 4_567_890n }));
    const call = { id: `${sessionId}r`, sessionId, owner: "bench", timeToLiveMs: 10_000, priceVersion: "1", lines };
    const started = process.hrtime.bigint();
    const reserved = await store.reserve(call);
    const settled = await store.settle({ id: `${sessionId}s`, sessionId, amounts });
    times.push(Number(process.hrtime.bigint() - started) / 1_000);
    if (reserved.kind !== "reserved" || settled.kind !== "settled") throw new Error("the benchmark was refused");
  }
  return times;
}

async function increments(client: Redis, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = process.hrtime.bigint();
    await client.incrby(`plain:${index % 100}`, 1);
    times.push(Number(process.hrtime.bigint() - started) / 1_000);
  }
  return times;
}

function percentile(times: readonly number[], of: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * of)] ?? Number.NaN;
}

function summary(values: readonly number[], digits: number): string {
  const [low, middle, high] = [0, 0.5, 1].map((of) => percentile(values, of).toFixed(digits));
  return `median ${middle} (${low} to ${high} in ${values.length} rounds)`;
}

const cases = [
  { name: "1 budget a day", windows: [calendar] },
  { name: "3 budgets", windows: [calendar, calendar, calendar] },
  { name: "1 rolling budget", windows: [rolling] },
] as const;

/** With the store, its name and how many pairs are asked of it in a round. */
type InProcess = readonly [string, number, (directory: string) => BudgetStore | Promise<BudgetStore>];

const inProcess: readonly InProcess[] = [
  ["memory", memoryPairs, () => new MemoryBudgetStore(Date.now)],
  ["embedded", memoryPairs, (directory) => EmbeddedBudgetStore.open({ directory, nowMs: Date.now })],
  [
    "embedded, fdatasync",
    syncedPairs,
    (directory) => EmbeddedBudgetStore.open({ directory, nowMs: Date.now, sync: "always" }),
  ],
];

/** The stores take turns, so that what disturbs the machine disturbs all of them. */
async function inThisProcess(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  for (const { name, windows } of cases) {
    const medians = inProcess.map((): number[] => []);
    const tails = inProcess.map((): number[] => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [index, [, count, open]] of inProcess.entries()) {
        const store = await open(join(directory, randomUUID()));
        const times = await pairs(store, makeBudgets(windows), count);
        await store.close();
        if (round === 0) continue; // warms up
        medians[index]?.push(percentile(times, 0.5));
        tails[index]?.push(percentile(times, 0.99));
      }
    }
    for (const [index, [store]] of inProcess.entries()) {
      const middle = medians[index] ?? [];
      const ratios = middle.map((median, round) => median / (medians[0]?.[round] ?? Number.NaN));
      const ratio = index === 0 ? "" : `; times memory: ${summary(ratios, 2)}`;
      const tail = summary(tails[index] ?? [], 1);
      console.log(`${store}, ${name}: reserve + settle p50 µs: ${summary(middle, 1)}; p99 µs: ${tail}${ratio}`);
    }
  }
  rmSync(directory, { recursive: true });
}

/** Increments and pairs take turns, so that what disturbs the machine disturbs both. */
async function onRedis(): Promise<void> {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  await until("a connection", () => client.status === "ready");
  const store = new RedisBudgetStore({ client, place: "Redis", timeoutMs: 5_000, nowMs: Date.now });
  for (const { name, windows } of cases) {
    const budgets = makeBudgets(windows);
    const plain: number[] = [];
    const both: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const increment = percentile(await increments(client, redisPairs), 0.5);
      const pair = percentile(await pairs(store, budgets, redisPairs), 0.5);
      if (round === 0) continue;
      plain.push(increment);
      both.push(pair);
    }
    const ratios = both.map((pair, round) => pair / (plain[round] ?? Number.NaN));
    console.log(`redis, ${name}: INCRBY p50 µs: ${summary(plain, 0)}; reserve + settle p50 µs: ${summary(both, 0)}`);
    console.log(`redis, ${name}: reserve + settle / INCRBY (2 round trips against 1): ${summary(ratios, 2)}`);
  }
  client.disconnect();
  await redis.stop();
}

await inThisProcess();
await onRedis();
