/**
 * What a provider says one attempt used, in tokens. `undefined` means "not told" and is never 0 (limits.md L1).
 * `input` includes cached and cache-write tokens, `output` includes reasoning, whatever the provider's own convention.
 */
export interface TokenUsage {
  readonly input?: number | undefined;
  readonly cachedInput?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly cacheWrite5m?: number | undefined;
  readonly cacheWrite1h?: number | undefined;
  readonly output?: number | undefined;
  readonly reasoning?: number | undefined;
  readonly total?: number | undefined;
}
