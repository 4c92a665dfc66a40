/**
 * Who was served apart from a provider's ordinary traffic, at rates of its own: later and cheaper (flex, batch), or sooner and
 * dearer (priority). Everything else (`default`, `standard`, OpenAI's `scale`, Bedrock's `reserved`) is paid at the ordinary rates.
 */
export type ServiceTier = "flex" | "priority" | "batch";

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
  /** Not a counter: the tier that served it; undefined = the ordinary one, or none was told. */
  readonly serviceTier?: ServiceTier | undefined;
}
