import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEntry } from "../budgets/ledger/parse-entry.ts";
import { readLog } from "../budgets/ledger/segment.ts";
import { MemoryBudgetStore } from "../budgets/stores/memory.ts";
import { providerNames } from "../config/data/providers.ts";
import type { RequestRecord } from "../core/request-record.ts";
import { replay as replayRequests } from "../planning/replay/replay.ts";
import { replayReport } from "../planning/replay/replay-report.ts";
import { MemoryCounterStore } from "../ratelimit/stores/memory.ts";
import { loadConfiguration } from "./configuration.ts";
import { type CommandIo, listOption, parseOptions, UsageError, wordOption } from "./options.ts";
import { replayTable } from "./replay-table.ts";

const usage = `tollgate replay --log PATH… -f PATH… [OPTIONS]
What other budgets, tiers, rate limits and prices would have made of the requests in a ledger: refused, downgraded, dollars, beside what happened.
      --log PATH            a ledger's file, or the folder that tollgate up keeps it in (.tollgate/ledger) (repeatable)
  -f, --file PATH           resources with the budgets and prices to try (repeatable)
  -o, --output table|json   (default: table)
`;

/** The files of a path, in the order of their names. @throws Error that says what to do */
function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => name.endsWith(".jsonl"));
    if (names.length > 0) return names.sort().map((name) => join(path, name));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be read (${code ?? "unknown"}); name a file or folder of a ledger with --log`, {
      cause,
    });
  }
  throw new Error(
    `${path} has no *.jsonl file; tollgate up keeps its ledger in the folder ledger of its state directory`,
  );
}

interface Log {
  /** In the order of their times, none twice. */
  readonly requests: readonly RequestRecord[];
  readonly notes: readonly string[];
}

function readLogs(paths: readonly string[]): Log {
  const requests = new Map<string, RequestRecord>();
  let skipped = 0;
  let expired = 0;
  for (const file of paths.flatMap(filesOf)) {
    const { records, damagedLines } = readLog(readFileSync(file));
    skipped += damagedLines;
    for (const record of records) {
      const entry = parseEntry(record);
      if (entry === undefined) skipped++;
      else if (entry.type === "request") requests.set(entry.session, entry);
      else expired++;
    }
  }
  const notes = [
    ...(skipped > 0 ? [`Lines of the log that are no entries were skipped: ${skipped}.`] : []),
    ...(expired > 0
      ? [
          `Holds of gateways that ended without settling them: ${expired}. Their requests were not recorded and are not replayed.`,
        ]
      : []),
  ];
  // the order of a Map is that of the first time a session was met: equal times stay in the order of the log
  return { requests: [...requests.values()].sort((one, other) => one.startedMs - other.startedMs), notes };
}

/**
 * `tollgate replay`.
 * @throws UsageError
 */
export async function replay(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    log: { type: "string", multiple: true },
    file: { type: "string", short: "f", multiple: true },
    output: { type: "string", short: "o" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const logs = listOption(values["log"]);
  const files = listOption(values["file"]);
  if (positionals.length > 0) throw new UsageError(`every PATH needs its own --log or -f: ${positionals.join(" ")}`);
  if (logs.length === 0) throw new UsageError("name the ledger with --log PATH");
  if (files.length === 0) throw new UsageError("name the resources with the budgets to try with -f PATH");
  const output = wordOption(values["output"], "output", ["table", "json"]);
  const { config, remarks } = loadConfiguration(files, io.env);
  // of budgets without routes they would say that they limit nothing, which is not so here
  if (remarks !== "" && config.routes.length > 0) io.stderr.write(`${remarks}\n`);
  const { requests, notes } = readLogs(logs);
  let nowMs = 0;
  const stores = {
    budgets: new MemoryBudgetStore(() => nowMs),
    counters: new MemoryCounterStore(() => nowMs),
    setNowMs: (setMs: number) => {
      nowMs = setMs;
    },
  };
  const providers = providerNames.map((name) => name.toLowerCase());
  const report = replayReport(await replayRequests(requests, config, stores, providers), config, notes);
  io.stdout.write(output === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : replayTable(report));
  return 0;
}
