import type { RuntimeConfig } from "../core/runtime-config.ts";
import { InputTokens } from "../metering/tokens/input-bound.ts";
import type { Logger } from "../observe/logger.ts";

/** Counts input tokens; where a Hard budget pays, the vocabularies of the configured models are loaded before they are needed. */
export function makeInputTokens(config: RuntimeConfig, logger: Logger): InputTokens {
  const tokens = new InputTokens({
    nowMs: () => performance.now(),
    onNextTurn: (callback) => void setImmediate(callback),
    onVocabularyLost: (vocabulary, reason) =>
      logger.error({ err: reason, vocabulary }, "a vocabulary cannot be loaded; bytes are counted instead"),
  });
  if ([...config.budgets.values()].some(({ enforcement }) => enforcement === "Hard"))
    void tokens.preload(config.models);
  return tokens;
}
