import { GatewayError } from "../../lib/errors.ts";
import { RawJson } from "../../lib/raw-json.ts";
import { type CacheMark, cacheMarkMembers, readCacheMark } from "./cache-mark.ts";
import {
  invalidField,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredObject,
  requiredString,
} from "./guards.ts";
import type { JsonView } from "./json-view.ts";
import type { Warnings } from "./warnings.ts";

/** A function that the model may call. */
export interface ChatTool {
  readonly name: string;
  readonly description: string | undefined;
  /** A JSON schema that has a `type`, else as the client wrote it (R74, R76). */
  readonly schema: RawJson;
  readonly strict: boolean | undefined;
  readonly cache: CacheMark | undefined;
}

export type ToolChoice =
  | { readonly type: "auto" | "required" | "none" }
  | { readonly type: "named"; readonly name: string };

/** The tools to send and what the model must do with them. No tools, no choice (R79, R84). */
export interface ToolPlan {
  readonly tools: readonly ChatTool[];
  readonly choice: ToolChoice | undefined;
}

const toolMembers = new Set(["type", "function", ...cacheMarkMembers]);
const functionMembers = new Set(["name", "description", "parameters", "strict", ...cacheMarkMembers]);
const choiceWords = ["auto", "required", "none"] as const;

/**
 * Reads `tools` and `tool_choice`.
 * @throws GatewayError `invalid_field`, `unsupported_tool_type`, `unknown_tool_in_tool_choice`
 */
export function readToolPlan(body: JsonView, schema: string, warnings: Warnings): ToolPlan {
  const tools = optionalArray(body.member("tools")).map((tool) => readTool(requiredObject(tool), schema, warnings));
  const choice = body.member("tool_choice");
  if (!choice.told) return { tools, choice: undefined };
  const plan = choice.isObject ? applyChoiceObject(choice, tools, schema) : applyChoiceWord(choice, tools);
  return plan.tools.length === 0 ? { tools: [], choice: undefined } : plan;
}

function readTool(tool: JsonView, schema: string, warnings: Warnings): ChatTool {
  const type = requiredString(tool.member("type"));
  if (type !== "function") throw unsupportedToolType(tool, type, schema);
  const definition = requiredObject(tool.member("function"));
  warnings.droppedUnless(tool, toolMembers);
  warnings.droppedUnless(definition, functionMembers);
  return {
    name: requiredString(definition.member("name")),
    description: optionalString(definition.member("description")),
    schema: readSchema(definition.member("parameters"), warnings),
    strict: optionalBoolean(definition.member("strict")),
    cache: readCacheMark(tool) ?? readCacheMark(definition),
  };
}

function readSchema(parameters: JsonView, warnings: Warnings): RawJson {
  const schema = optionalObject(parameters);
  if (schema === undefined) return new RawJson('{"type":"object","properties":{}}');
  if (schema.names.includes("type")) return schema.raw;
  warnings.add("tool_type_inserted");
  const inside = schema.raw.text.slice(1);
  return new RawJson(`{"type":"object"${schema.names.length === 0 ? "" : ","}${inside}`);
}

function applyChoiceWord(choice: JsonView, tools: readonly ChatTool[]): ToolPlan {
  if (choice.string === undefined) throw invalidField(choice, "a string or an object");
  const word = optionalOneOf(choice, choiceWords) ?? "auto";
  if (word === "required" && tools.length === 0) {
    throw unknownTool(choice.path, "asks for a tool call, but the request has no tools");
  }
  return { tools, choice: { type: word } };
}

function applyChoiceObject(choice: JsonView, tools: readonly ChatTool[], schema: string): ToolPlan {
  const type = requiredString(choice.member("type"));
  if (type === "function") return { tools, choice: { type: "named", name: chosenName(choice, tools) } };
  if (type !== "allowed_tools") throw unsupportedToolType(choice, type, schema);
  const allowed = requiredObject(choice.member("allowed_tools"));
  const mode = optionalOneOf(allowed.member("mode"), ["auto", "required"]) ?? "auto";
  const names = new Set<string>();
  for (const tool of optionalArray(allowed.member("tools"))) {
    const toolType = requiredString(requiredObject(tool).member("type"));
    if (toolType !== "function") throw unsupportedToolType(tool, toolType, schema);
    names.add(chosenName(tool, tools));
  }
  return { tools: tools.filter((tool) => names.has(tool.name)), choice: { type: mode } };
}

function chosenName(choice: JsonView, tools: readonly ChatTool[]): string {
  const name = requiredString(requiredObject(choice.member("function")).member("name"));
  if (!tools.some((tool) => tool.name === name)) throw unknownTool(choice.path, "names a tool that is not in tools");
  return name;
}

function unknownTool(path: string, problem: string): GatewayError {
  return new GatewayError("unknown_tool_in_tool_choice", `${path} ${problem}`, { param: path });
}

function unsupportedToolType(tool: JsonView, type: string, schema: string): GatewayError {
  return new GatewayError(
    "unsupported_tool_type",
    `${tool.path}: tools of type "${type.slice(0, 40)}" are not supported by ${schema}; use function tools`,
    { param: tool.path },
  );
}
