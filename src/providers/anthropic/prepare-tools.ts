import type { JsonOut } from "../../lib/raw-json.ts";
import type { ChatRequest } from "../common/chat-request.ts";
import type { ToolChoice } from "../common/tools.ts";

/** `tools` and `tool_choice` of a Messages request; both undefined without tools (R84). */
export function prepareTools(chat: ChatRequest): { readonly tools: JsonOut; readonly toolChoice: JsonOut } {
  const { tools, choice } = chat.toolPlan;
  if (tools.length === 0) return { tools: undefined, toolChoice: undefined };
  return {
    tools: tools.map((tool) => ({
      name: tool.name,
      description: tool.description,
      input_schema: tool.schema,
      strict: tool.strict,
      cache_control: tool.cache?.raw,
    })),
    toolChoice: prepareChoice(choice, chat.parallelToolCalls === false),
  };
}

/** `sequential`: at most one call per answer, which needs a choice to say so (R80) and is refused beside `none`. */
function prepareChoice(choice: ToolChoice | undefined, sequential: boolean): JsonOut {
  if (choice === undefined && !sequential) return undefined;
  const disable = sequential ? true : undefined;
  switch (choice?.type) {
    case "none":
      return { type: "none" };
    case "required":
      return { type: "any", disable_parallel_tool_use: disable };
    case "named":
      return { type: "tool", name: choice.name, disable_parallel_tool_use: disable };
    default:
      return { type: "auto", disable_parallel_tool_use: disable };
  }
}
