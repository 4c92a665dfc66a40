import type { ServiceTier, TokenUsage } from "../../core/usage.ts";
import type { UsageSink } from "../common/answer-sink.ts";
import { readCounter, sumOfTold } from "../common/counter.ts";
import type { JsonView } from "../common/json-view.ts";
import { withServiceTier } from "../common/merge-usage.ts";
import { readServiceTier } from "../common/service-tier.ts";

/** The counters as Anthropic tells them, each apart: `input_tokens` here does not include cached tokens. */
interface WireCounters {
  readonly input_tokens?: number | undefined;
  readonly cache_read_input_tokens?: number | undefined;
  readonly cache_creation_input_tokens?: number | undefined;
  readonly ephemeral_5m_input_tokens?: number | undefined;
  readonly ephemeral_1h_input_tokens?: number | undefined;
  readonly output_tokens?: number | undefined;
  readonly thinking_tokens?: number | undefined;
}

/**
 * Follows the usage reports of one answer. Reports are cumulative and partial: what a later one tells replaces, what it
 * leaves out stays (R147).
 */
export class AnthropicUsage {
  #counters: WireCounters = {};
  /** `input_tokens` was told and cannot be: what caches tell is only a part of the input. */
  #inputUnreadable = false;
  #serviceTier: ServiceTier | undefined;

  /** Takes in one `usage` object and tells the sink all that is known by now. */
  report(usage: JsonView, sink: UsageSink): void {
    const cacheCreation = usage.member("cache_creation");
    const told: WireCounters = {
      input_tokens: readCounter(usage.member("input_tokens"), sink),
      cache_read_input_tokens: readCounter(usage.member("cache_read_input_tokens"), sink),
      cache_creation_input_tokens: readCounter(usage.member("cache_creation_input_tokens"), sink),
      ephemeral_5m_input_tokens: readCounter(cacheCreation.member("ephemeral_5m_input_tokens"), sink),
      ephemeral_1h_input_tokens: readCounter(cacheCreation.member("ephemeral_1h_input_tokens"), sink),
      output_tokens: readCounter(usage.member("output_tokens"), sink),
      thinking_tokens: readCounter(usage.member("output_tokens_details").member("thinking_tokens"), sink),
    };
    if (usage.member("input_tokens").told) this.#inputUnreadable = told.input_tokens === undefined;
    const tier = usage.member("service_tier");
    if (tier.told) this.#serviceTier = readServiceTier(tier.value, (name) => sink.note(name));
    const present = Object.entries(told).filter(([, value]) => value !== undefined);
    if (present.length === 0) return;
    this.#counters = { ...this.#counters, ...Object.fromEntries(present) };
    const known = tokenUsage(this.#counters);
    sink.usage = withServiceTier(this.#inputUnreadable ? { ...known, input: undefined } : known, this.#serviceTier);
  }
}

function tokenUsage(counters: WireCounters): TokenUsage {
  return {
    input: sumOfTold(counters.input_tokens, counters.cache_read_input_tokens, counters.cache_creation_input_tokens),
    cachedInput: counters.cache_read_input_tokens,
    cacheWrite: counters.cache_creation_input_tokens,
    cacheWrite5m: counters.ephemeral_5m_input_tokens,
    cacheWrite1h: counters.ephemeral_1h_input_tokens,
    output: counters.output_tokens,
    reasoning: counters.thinking_tokens,
  };
}
