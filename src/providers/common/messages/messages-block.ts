import type { RawJson } from "../../../lib/raw-json.ts";
import { unsupportedPart } from "../chat-part.ts";
import {
  invalidField,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
} from "../guards.ts";
import type { JsonView } from "../json-view.ts";
import type { Warnings } from "../warnings.ts";

interface BlockPlace {
  readonly path: string;
}

/** Where the bytes of an image or document are. */
export type Source =
  | { readonly type: "base64"; readonly mediaType: string; readonly data: string }
  | { readonly type: "url"; readonly url: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "content"; readonly blocks: readonly MessagesBlock[] }
  | { readonly type: "file" };

export type TextBlock = BlockPlace & { readonly type: "text"; readonly text: string };
export type ImageBlock = BlockPlace & { readonly type: "image"; readonly source: Source };
export type DocumentBlock = BlockPlace & {
  readonly type: "document";
  readonly source: Source;
  readonly title: string | undefined;
};
export type ToolUseBlock = BlockPlace & {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  /** Exactly as the client wrote it (R73). */
  readonly input: RawJson | undefined;
};
export type ToolResultBlock = BlockPlace & {
  readonly type: "tool_result";
  readonly toolUseId: string;
  readonly blocks: readonly MessagesBlock[];
  readonly isError: boolean;
};
export type ThinkingBlock = BlockPlace & { readonly type: "thinking"; readonly thinking: string };
export type RedactedBlock = BlockPlace & { readonly type: "redacted_thinking" };
export type MessagesBlock =
  | TextBlock
  | ImageBlock
  | DocumentBlock
  | ToolUseBlock
  | ToolResultBlock
  | ThinkingBlock
  | RedactedBlock;

/** Calls that the provider itself makes, and what came of them: nothing that another provider could use. */
const serverBlocks = /^(?:server_tool_use|mcp_tool_use|(?!tool_result$).*_tool_result)$/;
/** Marks where the prompt may be cached; says nothing. */
const everywhere = ["type", "cache_control"];
const members = {
  text: new Set([...everywhere, "text"]),
  image: new Set([...everywhere, "source"]),
  document: new Set([...everywhere, "source", "title"]),
  search_result: new Set([...everywhere, "source", "title", "content"]),
  tool_use: new Set([...everywhere, "id", "name", "input"]),
  tool_result: new Set([...everywhere, "tool_use_id", "content", "is_error"]),
  thinking: new Set([...everywhere, "thinking", "signature"]),
  redacted_thinking: new Set([...everywhere, "data"]),
};
const off = { citations: { enabled: false } };

/**
 * The blocks of `content`: a string counts as one text block, `null` as none.
 * @param schema names the provider schema in messages
 * @throws GatewayError `invalid_field`, `unsupported_content_part`
 */
export function readBlocks(content: JsonView, schema: string, warnings: Warnings): readonly MessagesBlock[] {
  if (!content.told) return [];
  if (content.string !== undefined) return [{ type: "text", text: content.string, path: content.path }];
  if (content.elements === undefined) throw invalidField(content, "a string or an array of blocks");
  return content.elements.flatMap((block) => readBlock(requiredObject(block), schema, warnings) ?? []);
}

/** Undefined = it is dropped, and that is told. */
function readBlock(block: JsonView, schema: string, warnings: Warnings): MessagesBlock | undefined {
  const type = requiredString(block.member("type"));
  const { path } = block;
  if (Object.hasOwn(members, type)) warnings.droppedUnless(block, members[type as keyof typeof members], off);
  switch (type) {
    case "text":
      return { type, path, text: requiredString(block.member("text")) };
    case "image":
      return { type, path, source: readSource(requiredObject(block.member("source")), schema, warnings) };
    case "document":
      return {
        type,
        path,
        source: readSource(requiredObject(block.member("source")), schema, warnings),
        title: optionalString(block.member("title")),
      };
    case "search_result":
      return { type: "text", path, text: searchResultText(block, schema, warnings) };
    case "tool_use": {
      const input = optionalObject(block.member("input"));
      return {
        type,
        path,
        id: requiredString(block.member("id")),
        name: requiredString(block.member("name")),
        input: input?.raw,
      };
    }
    case "tool_result":
      return {
        type,
        path,
        toolUseId: requiredString(block.member("tool_use_id")),
        blocks: readBlocks(block.member("content"), schema, warnings),
        isError: optionalBoolean(block.member("is_error")) ?? false,
      };
    case "thinking":
      return { type, path, thinking: requiredString(block.member("thinking")) };
    case "redacted_thinking":
      return { type, path };
    default:
      if (!serverBlocks.test(type)) throw unsupportedPart(path, `blocks of type "${type.slice(0, 40)}"`, schema);
      warnings.dropped(type);
      return undefined;
  }
}

function readSource(source: JsonView, schema: string, warnings: Warnings): Source {
  const type = requiredString(source.member("type"));
  switch (type) {
    case "base64":
      return {
        type,
        mediaType: requiredString(source.member("media_type")).toLowerCase(),
        data: requiredString(source.member("data")),
      };
    case "url":
      return { type, url: requiredString(source.member("url")) };
    case "text":
      return { type, text: requiredString(source.member("data")) };
    case "content":
      return { type, blocks: readBlocks(source.member("content"), schema, warnings) };
    case "file":
      return { type };
    default:
      throw unsupportedPart(source.path, `sources of type "${type.slice(0, 40)}"`, schema);
  }
}

/** Its title and where it was found, then what it says. */
function searchResultText(block: JsonView, schema: string, warnings: Warnings): string {
  const said = readBlocks(block.member("content"), schema, warnings).flatMap((one) =>
    one.type === "text" ? one.text : [],
  );
  const head = [optionalString(block.member("title")), optionalString(block.member("source"))];
  return [...head, ...said].filter((part) => part !== undefined).join("\n");
}
