import type { TokenUsage } from "../../core/usage.ts";
import type { AnswerSink } from "../common/answer-sink.ts";
import { readCounter, sumOfTold } from "../common/counter.ts";
import type { JsonView } from "../common/json-view.ts";
import { withServiceTier } from "../common/merge-usage.ts";
import { readServiceTier } from "../common/service-tier.ts";

/** The counters as Converse tells them, each apart: `inputTokens` here does not include cached tokens. */
interface WireCounters {
  readonly inputTokens?: number | undefined;
  readonly cacheReadInputTokens?: number | undefined;
  readonly cacheWriteInputTokens?: number | undefined;
  /** Of `cacheDetails`: written to live that long (R153). */
  readonly written5m?: number | undefined;
  readonly written1h?: number | undefined;
  readonly outputTokens?: number | undefined;
}

/** Follows the usage reports of one answer. There is one as a rule; a later one replaces what it tells (R147). */
export class ConverseUsage {
  #counters: WireCounters = {};

  /**
   * Takes in the `usage` and `serviceTier` of an answer, or of a stream's metadata, and tells the sink all that is known by now.
   * `totalTokens` only checks the sum.
   */
  report(answer: JsonView, sink: AnswerSink): void {
    const usage = answer.member("usage");
    const tier = readServiceTier(answer.member("serviceTier").member("type").value, (name) => sink.note(name));
    const details = usage.member("cacheDetails");
    const told: WireCounters = {
      inputTokens: readCounter(usage.member("inputTokens"), sink),
      cacheReadInputTokens: readCounter(usage.member("cacheReadInputTokens"), sink),
      cacheWriteInputTokens: readCounter(usage.member("cacheWriteInputTokens"), sink),
      written5m: writtenFor("5m", details, sink),
      written1h: writtenFor("1h", details, sink),
      outputTokens: readCounter(usage.member("outputTokens"), sink),
    };
    const present = Object.entries(told).filter(([, value]) => value !== undefined);
    const total = readCounter(usage.member("totalTokens"), sink);
    if (present.length === 0) return;
    this.#counters = { ...this.#counters, ...Object.fromEntries(present) };
    const known = tokenUsage(this.#counters);
    sink.usage = withServiceTier(known, tier);
    if (total !== undefined && total !== sumOfTold(known.input, known.output)) {
      sink.note("usage_total_mismatch");
    }
  }
}

function writtenFor(ttl: string, details: JsonView, sink: AnswerSink): number | undefined {
  const entries = details.elements?.filter((entry) => entry.member("ttl").value === ttl) ?? [];
  return sumOfTold(...entries.map((entry) => readCounter(entry.member("inputTokens"), sink)));
}

function tokenUsage(counters: WireCounters): TokenUsage {
  return {
    input: sumOfTold(counters.inputTokens, counters.cacheReadInputTokens, counters.cacheWriteInputTokens),
    cachedInput: counters.cacheReadInputTokens,
    cacheWrite: counters.cacheWriteInputTokens,
    cacheWrite5m: counters.written5m,
    cacheWrite1h: counters.written1h,
    output: counters.outputTokens,
  };
}
