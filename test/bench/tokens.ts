// What the token estimate adds to a request, and how long it holds the event loop:
// `node --import ts-blank-space/register test/bench/tokens.ts`.
import { readFileSync } from "node:fs";
import type { ClientRequest } from "../../src/core/endpoint.ts";
import { Headers } from "../../src/core/headers.ts";
import { chatEndpoint } from "../../src/endpoints/chat.ts";
import { type InputBound, InputTokens } from "../../src/metering/tokens/input-bound.ts";
import { median } from "./table.ts";

const rounds = 5;
const kilobyte = 1_000;
const megabyte = 1_000_000;

interface Case {
  readonly name: string;
  readonly content: string;
  /** So often in a round. */
  readonly times: number;
}

/** English prose and Markdown. */
const prose = ["README.md", "ROADMAP.md", "docs/rate-limits.md", "docs/performance.md"]
  .map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"))
  .join("\n");
const english = (bytes: number): string => prose.repeat(Math.ceil(bytes / prose.length)).slice(0, bytes);

/** Always the same letters, without words. */
function letters(count: number, seed: number): string {
  let state = seed;
  let made = "";
  for (let index = 0; index < count; index++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    made += String.fromCharCode(0x61 + (state % 26));
  }
  return made;
}

const cases: readonly Case[] = [
  { name: "1 kB", content: english(kilobyte), times: 1_000 },
  { name: "10 kB", content: english(10 * kilobyte), times: 200 },
  { name: "100 kB", content: english(100 * kilobyte), times: 30 },
  { name: "5 MB", content: english(5 * megabyte), times: 5 },
  { name: "5 MB, one letter", content: "a".repeat(5 * megabyte), times: 5 },
  {
    name: "5 MB, words of 127 random letters",
    content: Array.from({ length: (5 * megabyte) / 128 }, (_, index) => letters(127, index)).join(" "),
    times: 5,
  },
  { name: "5 MB, 127 characters without a blank", content: `${"字".repeat(127)}，`.repeat(13_000), times: 5 },
  { name: "5 MB of quotes", content: '"'.repeat(2.5 * megabyte), times: 5 },
  { name: "5 MB of backslashes", content: "\\".repeat(2.5 * megabyte), times: 5 },
  { name: "5 MB of blanks", content: " ".repeat(5 * megabyte), times: 5 },
];

const tokens = new InputTokens({
  nowMs: () => performance.now(),
  onNextTurn: setImmediate,
  onVocabularyLost: (name, reason) => {
    throw new Error(`${name} cannot be loaded`, { cause: reason });
  },
});

function request(content: string): ClientRequest {
  const body = Buffer.from(JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content }] }));
  return chatEndpoint.parse(body, new Headers([["content-type", "application/json"]]));
}

interface Measured {
  /** From the call to the answer. */
  readonly addedMs: number;
  /** CPU time of each turn that it took, that of V8's helper threads included. */
  readonly turnsCpuMs: readonly number[];
  readonly bound: InputBound;
}

/** On a shared machine the clock tells how long others were served; CPU time is our own. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function measure(asked: ClientRequest, provider: string): Promise<Measured> {
  let bound: InputBound | undefined;
  const started = performance.now();
  const cpu = cpuMs();
  void tokens.bound(asked, provider, "gpt-4o").then((value) => {
    bound = value;
  });
  const turnsCpuMs = [cpuMs() - cpu];
  for (let microtask = 0; microtask < 5; microtask++) await Promise.resolve();
  let addedMs = performance.now() - started;
  while (bound === undefined) {
    const before = cpuMs();
    await new Promise(setImmediate);
    turnsCpuMs.push(cpuMs() - before);
    addedMs = performance.now() - started;
  }
  return { addedMs, turnsCpuMs, bound };
}

/** CPU times of so many turns with two milliseconds of nothing: what the machine adds to a slice. */
async function idle(turns: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < turns; index++) {
    const started = cpuMs();
    while (cpuMs() - started < 2);
    await new Promise(setImmediate);
    times.push(cpuMs() - started);
  }
  return times;
}

function percentile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * of) - 1] ?? Number.NaN;
}

/** `median (smallest–largest)` of the rounds. */
function spread(values: readonly number[], digits: number): string {
  const show = (value: number): string => value.toFixed(digits);
  return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`;
}

const loading = performance.now();
await tokens.preload(["gpt-4o"]);
console.log(`loading o200k: ${(performance.now() - loading).toFixed(0)} ms\n`);

const rows = cases.flatMap((one) =>
  ["openai", "anthropic"].map((provider) => ({
    ...one,
    provider,
    asked: request(one.content),
    p50: [] as number[],
    p99: [] as number[],
    turns: [] as number[],
    bound: undefined as InputBound | undefined,
  })),
);
const floors: number[] = [];
for (let round = 0; round <= rounds; round++) {
  for (const row of rows) {
    const measured: Measured[] = [];
    for (let index = 0; index < row.times; index++) {
      measured.push(await measure(row.asked, row.provider));
      await new Promise(setImmediate);
    }
    if (round === 0) continue; // warms up
    const added = measured.map(({ addedMs }) => addedMs);
    row.p50.push(percentile(added, 0.5));
    row.p99.push(percentile(added, 0.99));
    row.turns.push(...measured.flatMap(({ turnsCpuMs }) => turnsCpuMs));
    row.bound = measured.at(-1)?.bound;
  }
  if (round > 0) floors.push(...(await idle(500)));
}

console.log("| text | counted by | p50 ms | p99 ms | turn CPU ms, p99 | turn CPU ms, longest | most ÷ likely |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const { name, provider, p50, p99, turns, bound } of rows) {
  const by = provider === "openai" ? "vocabulary" : "bytes";
  const ratio = bound === undefined ? Number.NaN : bound.most / bound.likely;
  const [tail, longest] = [0.99, 1].map((of) => percentile(turns, of).toFixed(2));
  console.log(
    `| ${name} | ${by} | ${spread(p50, 3)} | ${spread(p99, 2)} | ${tail} | ${longest} | ${ratio.toFixed(2)} |`,
  );
}
const [floorTail, floorLongest] = [0.99, 1].map((of) => percentile(floors, of).toFixed(2));
console.log(`\n${floors.length} turns with 2 ms of nothing: CPU ms p99 ${floorTail}, longest ${floorLongest}`);
