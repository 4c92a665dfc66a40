import { bytesPerToken } from "../estimate.ts";

/** So many models are remembered; the one that was not heard of for longest goes first. */
const rememberedModels = 1_000;
/** Text is never outside; what is has attachments, and teaches nothing about text. */
const least = 1;
const most = 16;
/** What a settled request leaves of what was known before. */
const decay = 0.95;
/** What is believed at first weighs as much as a request of so many tokens: requests of a line are mostly envelope. */
const priorTokens = 500;

interface Sums {
  readonly bytes: number;
  readonly tokens: number;
}

/** Bytes of a request per input token, learned from settled requests, for each provider and model. */
export class LearnedRatio {
  readonly #sums = new Map<string, Sums>();

  /** 4 before anything was learned. */
  bytesPerToken(provider: string, model: string): number {
    const sums = this.#sums.get(keyOf(provider, model));
    return sums === undefined ? bytesPerToken : sums.bytes / sums.tokens;
  }

  settled(provider: string, model: string, requestBytes: number, inputTokens: number): void {
    const ratio = requestBytes / inputTokens;
    if (!(inputTokens > 0 && ratio >= least && ratio <= most)) return;
    const key = keyOf(provider, model);
    const before = this.#sums.get(key) ?? { bytes: priorTokens * bytesPerToken, tokens: priorTokens };
    this.#sums.delete(key); // puts it last
    this.#sums.set(key, {
      bytes: before.bytes * decay + requestBytes,
      tokens: before.tokens * decay + inputTokens,
    });
    const oldest = this.#sums.keys().next();
    if (this.#sums.size > rememberedModels && oldest.done !== true) this.#sums.delete(oldest.value);
  }
}

/** Provider names have no space. */
function keyOf(provider: string, model: string): string {
  return `${provider} ${model}`;
}
