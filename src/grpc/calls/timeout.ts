const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };

/** What timers take. */
const longestMs = 0x7fff_ffff;

/** Milliseconds of a `grpc-timeout`, as long as a timer can be; undefined when it is none. */
export function timeoutMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const one = unitMs[unit ?? ""];
  return digits === undefined || one === undefined ? undefined : Math.min(longestMs, Math.ceil(Number(digits) * one));
}
