import type { Variant } from "./variants.ts";

export interface Sample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  /** CPU time per request in microseconds. */
  readonly envoyCpu: number;
  readonly gatewayCpu: number;
}

export interface Row {
  readonly variant: Variant;
  readonly connections: number;
  readonly samples: readonly Sample[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** `median (smallest–largest)` */
function spread(samples: readonly Sample[], read: (sample: Sample) => number, digits = 0): string {
  const values = samples.map(read);
  const show = (value: number): string => value.toFixed(digits);
  return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`;
}

/** The rows as a Markdown table; ratios are to Envoy alone with the same body and as many connections, in the same run. */
export function markdownTable(rows: readonly Row[]): string {
  const head = [
    "work",
    "c",
    "requests/s",
    "p50 ms",
    "CPU µs Envoy",
    "CPU µs Tollgate",
    "throughput ÷ alone",
    "Tollgate CPU ÷ alone",
  ];
  const lines = rows.map(({ variant, connections, samples }) => {
    const floor = rows.find(
      (row) =>
        row.variant.stack === "plain" &&
        row.connections === connections &&
        row.variant.bodyBytes === variant.bodyBytes &&
        row.variant.stream === variant.stream,
    );
    const middle = (row: Row | undefined, read: (sample: Sample) => number): number =>
      median(row?.samples.map(read) ?? []);
    const isFloor = variant.stack === "plain";
    return [
      variant.name,
      String(connections),
      spread(samples, (sample) => sample.perSecond),
      spread(samples, (sample) => sample.p50Ms, 2),
      spread(samples, (sample) => sample.envoyCpu),
      isFloor ? "–" : spread(samples, (sample) => sample.gatewayCpu),
      isFloor
        ? "1"
        : (median(samples.map((sample) => sample.perSecond)) / middle(floor, (sample) => sample.perSecond)).toFixed(2),
      isFloor
        ? "–"
        : (median(samples.map((sample) => sample.gatewayCpu)) / middle(floor, (sample) => sample.envoyCpu)).toFixed(2),
    ];
  });
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
