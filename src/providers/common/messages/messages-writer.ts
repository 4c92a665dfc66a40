import type { TokenUsage } from "../../../core/usage.ts";
import type { JsonOut } from "../../../lib/raw-json.ts";
import type { AnswerWriter } from "../answer-writer.ts";

export type StopReason =
  | "end_turn"
  | "stop_sequence"
  | "max_tokens"
  | "model_context_window_exceeded"
  | "tool_use"
  | "refusal";

export interface MessagesHead {
  readonly id: string;
  readonly model: string;
}

/**
 * The operations that a provider's answer is made of, for clients of Anthropic's API (translation.md §4.2). Provider events drive
 * them; `MessagesStreamWriter` writes a stream of events, `MessagesAnswerWriter` folds the same operations into one message.
 * Order: `start (text | thinking signature? | tool*)* finish done`, or any prefix. What is one block is the writer's business.
 */
export interface MessagesWriter extends AnswerWriter {
  /** Only the first call has an effect. `usage`: what was told by then. */
  start(head: MessagesHead, usage?: TokenUsage): void;
  text(text: string): void;
  /** `signature` is that of the block which this thinking belongs to; the writer shows it when the block ends. */
  thinking(text: string, signature: string): void;
  /** `call` counts tool calls from 0. */
  toolStart(call: number, id: string, name: string): void;
  toolArguments(call: number, text: string): void;
  /** Ends every block. */
  finish(reason: StopReason, stopSequence: string | null): void;
  done(usage: TokenUsage | undefined): void;
  keepAlive(): void;
}

/** Usage as the anthropic dialect shows it (§5.1, R137); it must be there even if nothing was told. */
export function renderMessagesUsage(usage: TokenUsage | undefined): { readonly [member: string]: JsonOut } {
  const { input = 0, cachedInput, cacheWrite, output = 0, reasoning } = usage ?? {};
  return {
    input_tokens: Math.max(0, input - (cachedInput ?? 0) - (cacheWrite ?? 0)),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cachedInput,
    output_tokens: output,
    output_tokens_details: reasoning === undefined ? undefined : { thinking_tokens: reasoning },
  };
}
