import { renderFrames as renderOpenai } from "../openai/stream.ts";
import type { MockAnswer, MockCall, MockFrame } from "../provider.ts";
import { promptFilterResults } from "./answer.ts";

/** As OpenAI, after an event without choices and names that tells what the filter says of the prompt. */
export function renderFrames(call: MockCall, answer: MockAnswer): readonly MockFrame[] {
  const first = { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: promptFilterResults };
  const bytes = Buffer.from(`data: ${JSON.stringify(first)}\n\n`);
  return [{ kind: "start", bytes }, ...renderOpenai(call, answer)];
}
