import type { BackendOptions } from "../../core/translator.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import type { ChatRequest, ReasoningEffort } from "../common/chat-request.ts";
import { thinkingBudget } from "../common/thinking-budget.ts";
import type { Warnings } from "../common/warnings.ts";

type Effort = Exclude<ReasoningEffort, "none">;

const novaEfforts: Readonly<Record<Effort, string>> = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
  max: "high",
};

/** What `thinking`, `reasoning_effort` and the token maximum become together. */
export interface PreparedThinking {
  /** undefined: the model's own maximum. */
  readonly maxTokens: number | undefined;
  /** For `additionalModelRequestFields`. */
  readonly modelFields: { readonly [member: string]: JsonOut };
  /** For `outputConfig`. */
  readonly effort: string | undefined;
}

interface Thinking {
  readonly modelFields: { readonly [member: string]: JsonOut };
  readonly effort?: string | undefined;
  readonly budget?: number | undefined;
}

/**
 * The maximum is the client's, else the backend's default if there is one, raised so that a thinking budget stays below it
 * (R57–R59). An explicit `thinking` of the client wins over one made from `reasoning_effort`.
 */
export function prepareThinking(chat: ChatRequest, options: BackendOptions, warnings: Warnings): PreparedThinking {
  const { modelFields, effort, budget } = readThinking(chat, options, warnings);
  if (chat.maxTokens !== undefined || options.defaultMaxTokens === undefined) {
    return { maxTokens: chat.maxTokens, modelFields, effort };
  }
  warnings.add("max_tokens_defaulted");
  return { maxTokens: options.defaultMaxTokens + (budget ?? 0), modelFields, effort };
}

function readThinking(chat: ChatRequest, options: BackendOptions, warnings: Warnings): Thinking {
  const explicit = chat.thinking && {
    modelFields: { thinking: chat.thinking.view.raw },
    budget: chat.thinking.budgetTokens,
  };
  const effort = chat.reasoningEffort;
  const mode = options.reasoningEffort ?? "outputConfig";
  if (effort === undefined) return explicit ?? { modelFields: {} };
  if (mode === "outputConfig" && effort !== "none") {
    if (effort === "minimal") warnings.add("effort_lowered");
    return { modelFields: {}, ...explicit, effort: effort === "minimal" ? "low" : effort };
  }
  const made = explicit === undefined ? thinkingOfEffort(mode, effort, chat.maxTokens, warnings) : undefined;
  if (made !== undefined) return made;
  warnings.dropped("reasoning_effort");
  return explicit ?? { modelFields: {} };
}

/** Thinking as models other than those with `outputConfig` want it told; undefined when it cannot be. */
function thinkingOfEffort(
  mode: string,
  effort: ReasoningEffort,
  maxTokens: number | undefined,
  warnings: Warnings,
): Thinking | undefined {
  if (mode === "nova") return { modelFields: { reasoningConfig: novaReasoning(effort, warnings) } };
  if (mode !== "anthropic-thinking") return undefined;
  if (effort === "none") return { modelFields: { thinking: { type: "disabled" } } };
  const budget = thinkingBudget(effort, maxTokens);
  if (budget === undefined) return undefined;
  return { modelFields: { thinking: { type: "enabled", budget_tokens: budget } }, budget };
}

function novaReasoning(effort: ReasoningEffort, warnings: Warnings): JsonOut {
  if (effort === "none") return { type: "disabled" };
  if (novaEfforts[effort] !== effort) warnings.add("effort_lowered");
  return { type: "enabled", maxReasoningEffort: novaEfforts[effort] };
}
