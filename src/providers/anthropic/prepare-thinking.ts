import type { BackendOptions } from "../../core/translator.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import type { ChatRequest } from "../common/chat-request.ts";
import { thinkingBudget } from "../common/thinking-budget.ts";
import type { Warnings } from "../common/warnings.ts";

const defaultMaxTokens = 4096;

/** What `thinking`, `reasoning_effort` and the token maximum become together. */
export interface PreparedThinking {
  readonly maxTokens: number;
  readonly thinking: JsonOut;
  /** For `output_config`. */
  readonly effort: string | undefined;
}

/**
 * The maximum is the client's, else the backend's default, raised so that a thinking budget stays below it (R57–R59).
 * An explicit `thinking` of the client wins over one made from `reasoning_effort`; the effort level itself can go beside it.
 */
export function prepareThinking(chat: ChatRequest, options: BackendOptions, warnings: Warnings): PreparedThinking {
  const { thinking, effort, budget } = readThinking(chat, options, warnings);
  if (chat.maxTokens !== undefined) return { maxTokens: chat.maxTokens, thinking, effort };
  warnings.add("max_tokens_defaulted");
  return { maxTokens: (options.defaultMaxTokens ?? defaultMaxTokens) + (budget ?? 0), thinking, effort };
}

interface Thinking {
  readonly thinking: JsonOut;
  readonly effort?: string;
  readonly budget?: number | undefined;
}

function readThinking(chat: ChatRequest, options: BackendOptions, warnings: Warnings): Thinking {
  const explicit = chat.thinking && { thinking: chat.thinking.view.raw, budget: chat.thinking.budgetTokens };
  const effort = chat.reasoningEffort;
  if (effort === undefined) return explicit ?? { thinking: undefined };
  const mode = options.reasoningEffort ?? "effort";
  if (mode === "effort" && effort !== "none") {
    if (effort === "minimal") warnings.add("effort_lowered");
    return { thinking: undefined, ...explicit, effort: effort === "minimal" ? "low" : effort };
  }
  if (explicit === undefined && mode !== "drop") {
    if (effort === "none") return { thinking: { type: "disabled" } };
    const budget = thinkingBudget(effort, chat.maxTokens);
    if (budget !== undefined) return { thinking: { type: "enabled", budget_tokens: budget }, budget };
  }
  warnings.dropped("reasoning_effort");
  return explicit ?? { thinking: undefined };
}
