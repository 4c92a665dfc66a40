import { createHash } from "node:crypto";
import type { Controls } from "./controls.ts";
import type { Fault } from "./faults.ts";
import type { MockAnswer, MockCall, MockProvider, MockUsage } from "./provider.ts";
import { inputTokens, outputTokens } from "./tokens.ts";

const thinkingText = "The user greets me. I greet back.";
const toolArguments = '{"city":"Rome"}';
const bytesPerMebibyte = 1024 * 1024;

export interface Composed {
  /** With the usage that is told, if any. */
  readonly answer: MockAnswer;
  /** What it costs in truth. */
  readonly charged: MockUsage;
}

function composeText({ text, chunks }: Controls, fault: Fault | undefined): string {
  if (fault?.kind === "huge") return "x".repeat(fault.mebibytes * bytesPerMebibyte);
  // as many pieces as asked for need at least as many characters
  return text !== "" && text.length < chunks ? text.repeat(Math.ceil(chunks / text.length)) : text;
}

function toldUsage(charged: MockUsage, fault: Fault | undefined): MockUsage | undefined {
  if (fault?.kind === "no-usage") return undefined;
  return fault?.kind === "negative-usage" ? { input: -5, output: -7 } : charged;
}

/** What the mock says to a call. The same request gets the same answer, id included. */
export function compose(
  provider: MockProvider,
  call: MockCall,
  controls: Controls,
  fault: Fault | undefined,
): Composed {
  const toolName = controls.tools || call.lastUserText.includes("use the tool") ? call.firstTool : undefined;
  const tool = toolName === undefined ? undefined : { name: toolName, arguments: toolArguments };
  const text = composeText(controls, fault);
  const thinking = controls.thinking && provider.thinks ? thinkingText : undefined;
  const charged = controls.usage ?? {
    input: inputTokens(call.inputText, call.messageCount),
    output: outputTokens((tool?.arguments ?? text) + (thinking ?? "")),
  };
  const usage = toldUsage(charged, fault);
  const id = createHash("sha256").update(`${call.model}\n${call.inputText}`).digest("hex").slice(0, 16);
  const { serviceTier, chunks } = controls;
  return { answer: { id, text, thinking, tool, usage, serviceTier, chunks }, charged };
}
