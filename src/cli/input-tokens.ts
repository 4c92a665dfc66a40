import type { RuntimeConfig } from "../core/runtime-config.ts";
import { InputTokens } from "../metering/tokens/input-bound.ts";
import type { Logger } from "../observe/logger.ts";

/** Every name under which a model may be sent upstream. */
function upstreamNames({ models, backends, rules }: RuntimeConfig): readonly string[] {
  const ofBackends = [...backends.values()].flatMap((backend) => [
    backend.modelNameOverride,
    backend.fallback?.model,
    ...backend.models.values(),
  ]);
  const ofRules = [...rules.values()].flatMap((rule) => rule.backends.map((ref) => ref.modelNameOverride));
  return [...new Set([...models, ...ofBackends, ...ofRules])].filter((name) => name !== undefined);
}

/** Where a Hard budget pays, the vocabularies of the configured models are loaded before: doing it later would stall requests. */
export async function preloadVocabularies(tokens: InputTokens, config: RuntimeConfig): Promise<void> {
  const isNeeded = [...config.budgets.values()].some(({ enforcement }) => enforcement === "Hard");
  if (isNeeded) await tokens.preload(upstreamNames(config));
}

/** Counts input tokens. */
export function makeInputTokens(logger: Logger): InputTokens {
  return new InputTokens({
    nowMs: () => performance.now(),
    onNextTurn: (callback) => void setImmediate(callback),
    onVocabularyLost: (vocabulary, reason) =>
      logger.error({ err: reason, vocabulary }, "a vocabulary cannot be loaded; bytes are counted instead"),
  });
}
