import { pieces } from "../pieces.ts";
import type { MockAnswer, MockCall, MockFrame } from "../provider.ts";
import { createdSeconds, renderUsage } from "./answer.ts";

export function renderFrames(call: MockCall, answer: MockAnswer): readonly MockFrame[] {
  const frame = (kind: MockFrame["kind"], choices: unknown, usage?: object): MockFrame => {
    const chunk = {
      id: `chatcmpl-${answer.id}`,
      object: "chat.completion.chunk",
      created: createdSeconds,
      model: call.model,
      ...(answer.serviceTier === undefined ? {} : { service_tier: answer.serviceTier }),
      choices,
      ...(call.includeUsage ? { usage: usage ?? null } : {}),
    };
    return { kind, bytes: Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`) };
  };
  const delta = (kind: MockFrame["kind"], content: object, finish: string | null = null): MockFrame =>
    frame(kind, [{ index: 0, delta: content, logprobs: null, finish_reason: finish }]);
  const frames = [delta("start", { role: "assistant", content: "", refusal: null })];
  if (answer.tool === undefined) {
    for (const piece of pieces(answer.text, answer.chunks)) frames.push(delta("content", { content: piece }));
  } else {
    const { name } = answer.tool;
    frames.push(
      delta("border", {
        tool_calls: [{ index: 0, id: `call_${answer.id}`, type: "function", function: { name, arguments: "" } }],
      }),
    );
    for (const piece of pieces(answer.tool.arguments, 3))
      frames.push(delta("content", { tool_calls: [{ index: 0, function: { arguments: piece } }] }));
  }
  frames.push(delta("end", {}, answer.tool === undefined ? "stop" : "tool_calls"));
  if (call.includeUsage && answer.usage !== undefined) frames.push(frame("end", [], renderUsage(answer.usage)));
  frames.push({ kind: "end", bytes: Buffer.from("data: [DONE]\n\n") });
  return frames;
}
