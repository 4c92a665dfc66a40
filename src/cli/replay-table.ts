import { printable } from "../lib/printable.ts";
import type { ReplayReport, ReplayRow } from "../planning/replay/replay-report.ts";
import { table } from "./table.ts";

const columns = ["CALLS", "REFUSED", "(WAS)", "DOWNGRADED", "(WAS)", "DOLLARS", "(WAS)"];

function cells({ value, calls, refused, downgraded, cost_usd: cost }: ReplayRow): readonly string[] {
  const counts = [calls, refused.replayed, refused.recorded, downgraded.replayed, downgraded.recorded].map(String);
  return [printable(value), ...counts, cost.replayed, cost.recorded];
}

/** A replay for people. */
export function replayTable(report: ReplayReport): string {
  const groups = report.groups.map(({ by, rows }) => [[by.toUpperCase(), ...columns], ...rows.map(cells)]);
  const total = [["ALL", ...columns], cells(report.total)];
  const tables = [...groups, total].map((rows) => table(rows, (column) => column > 0));
  const refusals = Object.entries(report.refused_by).map(([reason, calls]) => `  ${calls} by ${printable(reason)}`);
  return [
    `${report.total.calls} ${report.total.calls === 1 ? "request" : "requests"}${report.from === null ? "" : ` from ${report.from} to ${report.to}`}`,
    ...tables,
    ...(refusals.length === 0 ? [] : [`Refused now:\n${refusals.join("\n")}`]),
    report.notes.map((note) => `* ${printable(note)}`).join("\n"),
  ]
    .map((part) => `${part}\n`)
    .join("\n");
}
