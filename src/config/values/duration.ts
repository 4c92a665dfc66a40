import { z } from "zod";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Kubernetes writes it (`500ms`, `10s`, `1m30s`, `2h`); undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return text === "0" ? 0 : undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(number) * (unitMs[unit ?? ""] ?? 0);
  return Math.round(total);
}

/** A duration; its output is milliseconds. */
export const durationMs = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(text)} is not a duration; write e.g. 500ms, 10s, 1m30s, 2h`,
  });
  return z.NEVER;
});
