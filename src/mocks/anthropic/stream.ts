import { pieces } from "../pieces.ts";
import type { MockAnswer, MockCall, MockFrame } from "../provider.ts";
import { renderInput, renderOutput, renderTier } from "./answer.ts";

function frame(
  kind: MockFrame["kind"],
  event: { readonly type: string; readonly [member: string]: unknown },
): MockFrame {
  return { kind, bytes: Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`) };
}

/** The count of output tokens that the real provider tells first, before anything was said. */
const firstOutputTokens = 1;

export function renderFrames(call: MockCall, answer: MockAnswer): readonly MockFrame[] {
  const { usage } = answer;
  const frames: MockFrame[] = [
    frame("start", {
      type: "message_start",
      message: {
        id: `msg_${answer.id}`,
        type: "message",
        role: "assistant",
        model: call.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        ...(usage === undefined
          ? {}
          : { usage: { ...renderInput(usage), output_tokens: firstOutputTokens, ...renderTier(answer) } }),
      },
    }),
    frame("start", { type: "ping" }),
  ];
  let index = 0;
  const block = (start: object, deltas: readonly object[]): void => {
    frames.push(frame("border", { type: "content_block_start", index, content_block: start }));
    for (const delta of deltas) frames.push(frame("content", { type: "content_block_delta", index, delta }));
    frames.push(frame("border", { type: "content_block_stop", index }));
    index++;
  };
  if (answer.thinking !== undefined) {
    block({ type: "thinking", thinking: "", signature: "" }, [
      ...pieces(answer.thinking, 2).map((thinking) => ({ type: "thinking_delta", thinking })),
      { type: "signature_delta", signature: "bW9jay1zaWduYXR1cmU=" },
    ]);
  }
  if (answer.tool === undefined) {
    block(
      { type: "text", text: "" },
      pieces(answer.text, answer.chunks).map((text) => ({ type: "text_delta", text })),
    );
  } else {
    block({ type: "tool_use", id: `toolu_${answer.id}`, name: answer.tool.name, input: {} }, [
      { type: "input_json_delta", partial_json: "" },
      ...pieces(answer.tool.arguments, 3).map((text) => ({ type: "input_json_delta", partial_json: text })),
    ]);
  }
  frames.push(
    frame("end", {
      type: "message_delta",
      delta: { stop_reason: answer.tool === undefined ? "end_turn" : "tool_use", stop_sequence: null },
      ...(usage === undefined ? {} : { usage: renderOutput(usage) }),
    }),
    frame("end", { type: "message_stop" }),
  );
  return frames;
}
