import type { UsageSink } from "../answer-sink.ts";
import { optionalArray } from "../guards.ts";
import type { JsonView } from "../json-view.ts";
import type { StopReason } from "../messages/messages-writer.ts";

const stopReasons: Readonly<Record<string, StopReason>> = {
  length: "max_tokens",
  tool_calls: "tool_use",
  function_call: "tool_use",
  content_filter: "refusal",
};

/** What is known of a choice that has finished. */
export interface Finished {
  readonly finishReason: string;
  /** vLLM's member of that name: the stop sequence that was met, or a token's number. */
  readonly metSequence: string | undefined;
  readonly calledTools: boolean;
  readonly refused: boolean;
}

/** A `finish_reason` as messages say it (translation.md §5.2). Unknown values count as `end_turn` and are noted (R129). */
export function mapFinishReason(
  { finishReason, metSequence, calledTools, refused }: Finished,
  sequences: readonly string[],
  sink: Pick<UsageSink, "note">,
): { readonly reason: StopReason; readonly sequence: string | null } {
  const plain = (reason: StopReason) => ({ reason, sequence: null });
  if (refused) return plain("refusal");
  if (finishReason === "stop") {
    if (calledTools) return plain("tool_use");
    const met = metSequence !== undefined && sequences.includes(metSequence);
    return met ? { reason: "stop_sequence", sequence: metSequence } : plain("end_turn");
  }
  const reason = Object.hasOwn(stopReasons, finishReason) ? stopReasons[finishReason] : undefined;
  if (reason === undefined) sink.note("unknown_stop_reason");
  return plain(reason ?? "end_turn");
}

/** The `stop_sequences` of a messages request that was accepted. */
export function stopSequencesOf(body: JsonView): readonly string[] {
  return optionalArray(body.member("stop_sequences")).flatMap((sequence) => sequence.string || []);
}
