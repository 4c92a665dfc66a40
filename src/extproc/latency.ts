/** The times of a stream, in milliseconds (limits.md L7): to its first piece, and between tokens after it. */
export class Latency {
  readonly #startedMs: number;
  #firstMs: number | undefined;
  #lastMs = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  /** A piece of the answer arrived. */
  piece(nowMs: number): void {
    this.#firstMs ??= nowMs;
    this.#lastMs = nowMs;
  }

  /** For dynamic metadata, under the Envoy AI Gateway's keys; empty before the first piece. */
  metadata(outputTokens: number): Readonly<Record<string, number>> {
    if (this.#firstMs === undefined) return {};
    const betweenTokens = outputTokens < 2 ? 0 : (this.#lastMs - this.#firstMs) / (outputTokens - 1);
    return {
      token_latency_ttft: this.#firstMs - this.#startedMs,
      token_latency_itl: Math.round(betweenTokens * 1_000) / 1_000,
    };
  }
}
