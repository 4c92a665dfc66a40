import { type JsonOut, RawJson } from "../../lib/raw-json.ts";
import type { ChatRequest } from "../common/chat-request.ts";
import type { ChatTool, ToolChoice } from "../common/tools.ts";
import type { Warnings } from "../common/warnings.ts";
import { cachePoint } from "./cache-point.ts";

/**
 * `toolConfig` of a Converse request. A conversation with tool calls must have one: without tools of the client's it is made
 * of the names that were called (R83), and the choice `none`, which the API does not have, stays without effect (R82).
 */
export function prepareTools(chat: ChatRequest, warnings: Warnings): JsonOut {
  if (chat.parallelToolCalls === false) warnings.dropped("parallel_tool_calls");
  const called = calledTools(chat);
  const hasHistory = called.size > 0 || chat.messages.some((message) => message.role === "tool");
  const choosesNone = chat.body.member("tool_choice").value === "none";
  if (choosesNone && !hasHistory) return undefined;
  const tools = chat.toolPlan.tools.length > 0 ? chat.toolPlan.tools.flatMap(toolBlocks) : synthesize(called, warnings);
  if (tools.length === 0) return undefined;
  if (choosesNone) warnings.add("tool_choice_none_not_enforced");
  return { tools, toolChoice: prepareChoice(chat.toolPlan.choice) };
}

function toolBlocks({ name, description, schema, strict, cache }: ChatTool): readonly JsonOut[] {
  const about = description === "" ? undefined : description;
  return [{ toolSpec: { name, description: about, inputSchema: { json: schema }, strict } }, ...cachePoint(cache)];
}

function synthesize(names: ReadonlySet<string>, warnings: Warnings): readonly JsonOut[] {
  if (names.size > 0) warnings.add("tools_synthesized");
  return [...names].map((name) => ({ toolSpec: { name, inputSchema: { json: new RawJson('{"type":"object"}') } } }));
}

function calledTools(chat: ChatRequest): ReadonlySet<string> {
  const calls = chat.messages.flatMap((message) => (message.role === "assistant" ? message.toolCalls : []));
  return new Set(calls.map((call) => call.name));
}

function prepareChoice(choice: ToolChoice | undefined): JsonOut {
  switch (choice?.type) {
    case "auto":
      return { auto: {} };
    case "required":
      return { any: {} };
    case "named":
      return { tool: { name: choice.name } };
    default:
      return undefined;
  }
}
