import type { RequestRecord } from "../../core/request-record.ts";
import type { RuntimeConfig } from "../../core/runtime-config.ts";
import { formatUsd } from "../../lib/money.ts";
import { modelHeader } from "../select-model.ts";
import { limitNotes } from "./replay-limits.ts";
import { type Replayed, wasRefused, wasRejected } from "./replayed.ts";

/** What happened, and what the policy makes of it. */
export interface Compared<Value> {
  readonly recorded: Value;
  readonly replayed: Value;
}

export interface ReplayRow {
  readonly value: string;
  readonly calls: number;
  readonly refused: Compared<number>;
  readonly downgraded: Compared<number>;
  /** Dollars as decimal text. */
  readonly cost_usd: Compared<string>;
}

/** What `tollgate replay -o json` prints. */
export interface ReplayReport {
  readonly from: string | null;
  readonly to: string | null;
  readonly total: ReplayRow;
  /** By every identity header that was recorded, and by the requested model. */
  readonly groups: readonly { readonly by: string; readonly rows: readonly ReplayRow[] }[];
  /** Refusals by what refuses. */
  readonly refused_by: Readonly<Record<string, number>>;
  /** What the figures cannot know. */
  readonly notes: readonly string[];
}

/** What stands for a missing header. */
const missing = "(none)";

function count(many: readonly Replayed[], is: (one: Replayed) => boolean): number {
  return many.reduce((sum, one) => sum + (is(one) ? 1 : 0), 0);
}

function sumUsd(many: readonly Replayed[], of: (one: Replayed) => number): string {
  return formatUsd(many.reduce((sum, one) => sum + BigInt(of(one)), 0n));
}

function wasDowngraded({ record }: Replayed): boolean {
  const { model, requestedModel } = record;
  return !wasRefused(record) && model !== undefined && requestedModel !== undefined && model !== requestedModel;
}

function rowOf(value: string, many: readonly Replayed[]): ReplayRow {
  return {
    value,
    calls: many.length,
    refused: {
      recorded: count(many, ({ record }) => wasRefused(record)),
      replayed: count(many, ({ refusedBy }) => refusedBy !== undefined),
    },
    downgraded: {
      recorded: count(many, wasDowngraded),
      replayed: count(many, ({ downgradedTo }) => downgradedTo !== undefined),
    },
    cost_usd: {
      recorded: sumUsd(many, ({ record }) => record.costNanoUsd),
      replayed: sumUsd(many, ({ costNanoUsd }) => costNanoUsd),
    },
  };
}

function inOrder(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function groupBy(by: string, many: readonly Replayed[], read: (record: RequestRecord) => string | undefined) {
  const groups = new Map<string, Replayed[]>();
  for (const one of many) {
    const value = read(one.record) ?? missing;
    const group = groups.get(value);
    if (group === undefined) groups.set(value, [one]);
    else group.push(one);
  }
  const rows = [...groups].sort(([one], [other]) => inOrder(one, other)).map(([value, group]) => rowOf(value, group));
  return { by, rows };
}

function ownValue(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Sentences about what the figures cannot know; one that is about no request is left out. */
function notesOf(many: readonly Replayed[], config: RuntimeConfig, headers: ReadonlySet<string>): readonly string[] {
  const notes: string[] = [];
  const note = (what: string, sentence: string, is: (one: Replayed) => boolean): void => {
    const requests = count(many, is);
    if (requests > 0) notes.push(`${what}: ${requests}. ${sentence}`);
  };
  note(
    "Refused in reality, passing now",
    "Nobody knows what they would have used, so they count with their upper bound.",
    ({ doubts }) => doubts.usage === "bound",
  );
  note(
    "Refused in reality, passing now, without a recorded upper bound",
    "They count as calls that cost nothing.",
    ({ doubts }) => doubts.usage === "nothing",
  );
  note(
    "Without a recorded upper bound",
    "Budgets were asked for what they came to.",
    ({ doubts }) => doubts.bound === true && doubts.usage === undefined,
  );
  note(
    "With attempts whose end nobody told",
    "What was recorded of these is the most that they can have used.",
    ({ doubts }) => doubts.unknown === true,
  );
  note("Waiting for a budget", "In reality their clients may have given up.", ({ doubts }) => doubts.waited === true);
  note(
    "Served by no route of the policy",
    "They pass as they were recorded.",
    ({ doubts }) => doubts.unserved === true,
  );
  note("Refused for what they were", "They are again: no budget changes that.", ({ record }) => wasRejected(record));
  const unpriced = new Set(many.flatMap(({ doubts }) => doubts.unpriced ?? []));
  if (unpriced.size > 0)
    notes.push(`There is no price of ${[...unpriced].sort(inOrder).join(", ")}: the dearest known rates stand for it.`);
  for (const { id, subject } of config.budgets.values())
    for (const name of subject)
      if (!headers.has(name))
        notes.push(`No request has a recorded ${name}: budget ${id} has one shared account for all of them.`);
  if (config.routes.length === 0) notes.push("The policy has no routes: its budgets are for every request.");
  notes.push(...limitNotes(config, headers, modelHeader));
  notes.push(
    "Usage is what was recorded: another model may answer at another length, and clients that are refused may ask again.",
  );
  return notes;
}

/** The figures of a replay, in the order of names: the same log and policy give the same report. */
export function replayReport(many: readonly Replayed[], config: RuntimeConfig, notes: readonly string[]): ReplayReport {
  const headers = new Set(many.flatMap(({ record }) => Object.keys(record.identity)));
  const refusedBy: Record<string, number> = {};
  for (const reason of many.flatMap((one) => one.refusedBy ?? []).sort(inOrder))
    refusedBy[reason] = (refusedBy[reason] ?? 0) + 1;
  const times = many.map(({ record }) => record.startedMs);
  const at = (index: number): string | null => {
    const time = times.at(index);
    return time === undefined ? null : new Date(time).toISOString();
  };
  return {
    from: at(0),
    to: at(-1),
    total: rowOf("all", many),
    groups: [
      ...[...headers].sort(inOrder).map((name) => groupBy(name, many, ({ identity }) => ownValue(identity, name))),
      groupBy("model", many, ({ requestedModel, model }) => requestedModel ?? model),
    ],
    refused_by: refusedBy,
    notes: [...notes, ...notesOf(many, config, headers)],
  };
}
