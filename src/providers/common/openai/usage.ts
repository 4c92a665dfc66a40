import type { TokenUsage } from "../../../core/usage.ts";
import { toldUsage } from "../merge-usage.ts";
import { asObject } from "../parse-json.ts";

/**
 * The `usage` of chat completions (translation.md §5.1); undefined when nothing was told. Counters that cannot be are
 * ignored and named to `note` (R151).
 */
export function chatUsage(usage: unknown, note: (name: string) => void = () => {}): TokenUsage | undefined {
  const report = asObject(usage);
  if (report === undefined) return undefined;
  const promptDetails = asObject(report["prompt_tokens_details"]);
  const completionDetails = asObject(report["completion_tokens_details"]);

  function count(value: unknown): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return Math.floor(value);
    note("bad_usage_counter");
    return undefined;
  }

  const prompt = count(report["prompt_tokens"]);
  const completion = count(report["completion_tokens"]);
  const total = count(report["total_tokens"]);
  const reasoning = count(completionDetails?.["reasoning_tokens"]);
  const cachedInput = count(promptDetails?.["cached_tokens"]) ?? count(report["prompt_cache_hit_tokens"]);
  const cacheWrite = count(promptDetails?.["cache_write_tokens"]);
  const cached = (cachedInput ?? 0) + (cacheWrite ?? 0);
  if (prompt !== undefined && cached > prompt) note("usage_input_raised");
  return toldUsage({
    input: prompt === undefined ? undefined : Math.max(prompt, cached),
    cachedInput,
    cacheWrite,
    output: completion === undefined ? undefined : completion + reasoningBeside(prompt, completion, reasoning, total),
    reasoning,
    total,
  });
}

/** Some servers count reasoning beside `completion_tokens`, not in them; their total gives it away. */
function reasoningBeside(
  prompt: number | undefined,
  completion: number,
  reasoning: number | undefined,
  total: number | undefined,
): number {
  if (prompt === undefined || reasoning === undefined || total === undefined) return 0;
  return total === prompt + completion + reasoning ? reasoning : 0;
}
