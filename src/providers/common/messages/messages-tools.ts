import { GatewayError } from "../../../lib/errors.ts";
import type { RawJson } from "../../../lib/raw-json.ts";
import {
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredObject,
  requiredString,
} from "../guards.ts";
import type { JsonView } from "../json-view.ts";
import type { Warnings } from "../warnings.ts";

/** A function that the client offers. */
export interface MessagesTool {
  readonly name: string;
  readonly description: string | undefined;
  /** Exactly as the client wrote it (R74). */
  readonly schema: RawJson;
  readonly strict: boolean | undefined;
}

export type MessagesToolChoice =
  | { readonly type: "auto" | "any" | "none" }
  | { readonly type: "tool"; readonly name: string };

/** The tools to send and what the model must do with them. No tools, no choice (R84). */
export interface MessagesToolPlan {
  readonly tools: readonly MessagesTool[];
  readonly choice: MessagesToolChoice | undefined;
  /** At most one call per answer. */
  readonly sequential: boolean;
}

const toolMembers = new Set(["type", "name", "description", "input_schema", "strict", "cache_control"]);
const choiceMembers = new Set(["type", "name", "disable_parallel_tool_use"]);

/**
 * Reads `tools` and `tool_choice`. Tools that Anthropic itself runs or defines are dropped, and that is told.
 * @throws GatewayError `invalid_field`, `unknown_tool_in_tool_choice`
 */
export function readMessagesTools(body: JsonView, warnings: Warnings): MessagesToolPlan {
  const tools = optionalArray(body.member("tools")).flatMap((tool) => readTool(requiredObject(tool), warnings) ?? []);
  const written = optionalObject(body.member("tool_choice"));
  if (written === undefined) return { tools, choice: undefined, sequential: false };
  warnings.droppedUnless(written, choiceMembers);
  const type = optionalOneOf(written.member("type"), ["auto", "any", "tool", "none"]) ?? "auto";
  const sequential = optionalBoolean(written.member("disable_parallel_tool_use")) ?? false;
  if (type === "tool") {
    const name = requiredString(written.member("name"));
    if (!tools.some((tool) => tool.name === name)) {
      throw new GatewayError(
        "unknown_tool_in_tool_choice",
        `${written.path} names a tool that is not in tools, or not one that this provider can be offered`,
        { param: written.path },
      );
    }
    return { tools, choice: { type, name }, sequential };
  }
  if (tools.length === 0) return { tools, choice: undefined, sequential: false };
  return { tools, choice: { type }, sequential };
}

function readTool(tool: JsonView, warnings: Warnings): MessagesTool | undefined {
  const type = optionalString(tool.member("type")) ?? "custom";
  if (type !== "custom") {
    warnings.dropped(`tools.${type}`);
    return undefined;
  }
  warnings.droppedUnless(tool, toolMembers);
  return {
    name: requiredString(tool.member("name")),
    description: optionalString(tool.member("description")),
    schema: requiredObject(tool.member("input_schema")).raw,
    strict: optionalBoolean(tool.member("strict")),
  };
}
