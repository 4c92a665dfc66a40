import { pieces } from "../pieces.ts";
import type { MockAnswer, MockCall, MockFrame } from "../provider.ts";
import { renderTier, renderUsage } from "./answer.ts";
import { eventFrame } from "./frames.ts";

export function renderFrames(_call: MockCall, answer: MockAnswer): readonly MockFrame[] {
  const frames: MockFrame[] = [{ kind: "start", bytes: eventFrame("messageStart", { role: "assistant" }) }];
  const push = (kind: MockFrame["kind"], type: string, payload: object): void => {
    frames.push({ kind, bytes: eventFrame(type, payload) });
  };
  let index = 0;
  const block = (start: object | undefined, deltas: readonly object[]): void => {
    if (start !== undefined) push("border", "contentBlockStart", { contentBlockIndex: index, start });
    for (const delta of deltas) push("content", "contentBlockDelta", { contentBlockIndex: index, delta });
    push("border", "contentBlockStop", { contentBlockIndex: index });
    index++;
  };
  if (answer.thinking !== undefined) {
    block(undefined, [
      ...pieces(answer.thinking, 2).map((text) => ({ reasoningContent: { text } })),
      { reasoningContent: { signature: "bW9jay1zaWduYXR1cmU=" } },
    ]);
  }
  if (answer.tool === undefined) {
    block(
      undefined,
      pieces(answer.text, answer.chunks).map((text) => ({ text })),
    );
  } else {
    block(
      { toolUse: { toolUseId: `tooluse_${answer.id}`, name: answer.tool.name } },
      pieces(answer.tool.arguments, 3).map((input) => ({ toolUse: { input } })),
    );
  }
  push("end", "messageStop", { stopReason: answer.tool === undefined ? "end_turn" : "tool_use" });
  if (answer.usage !== undefined)
    push("end", "metadata", {
      usage: renderUsage(answer.usage),
      metrics: { latencyMs: 12 },
      ...renderTier(answer),
    });
  return frames;
}
