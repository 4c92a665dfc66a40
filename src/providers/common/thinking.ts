import type { RawJson } from "../../lib/raw-json.ts";
import { optionalArray, requiredObject, requiredString } from "./guards.ts";
import type { JsonView } from "./json-view.ts";
import type { Warnings } from "./warnings.ts";

/** A block of earlier thinking that goes back to the provider byte for byte (R98, R100). The RawJson are JSON strings. */
export type ThinkingBlock =
  | { readonly type: "thinking"; readonly thinking: RawJson; readonly signature: RawJson }
  | { readonly type: "redacted_thinking"; readonly data: RawJson };

/** Signatures that start so were not made by an Anthropic model (translation.md §5.5). */
const foreignMark = "tg1.";

/**
 * What may go to an Anthropic model of an assistant message's `thinking_blocks`: foreign and unsigned blocks are removed
 * with a warning each (R99). An empty thinking text with a signature is kept: models that hide their thinking send that.
 * @throws GatewayError `invalid_field`
 */
export function readThinkingBlocks(blocks: JsonView, warnings: Warnings): readonly ThinkingBlock[] {
  const kept: ThinkingBlock[] = [];
  for (const block of optionalArray(blocks)) {
    const type = requiredString(requiredObject(block).member("type"));
    if (type === "thinking") {
      const signature = block.member("signature");
      const thinking = block.member("thinking");
      if (signature.string?.startsWith(foreignMark)) warnings.add("foreign_thinking_dropped");
      else if (!signature.told || signature.value === "") warnings.add("unsigned_thinking_dropped");
      else {
        requiredString(signature);
        requiredString(thinking);
        kept.push({ type, thinking: thinking.raw, signature: signature.raw });
      }
    } else if (type === "redacted_thinking") {
      const data = block.member("data");
      requiredString(data);
      kept.push({ type, data: data.raw });
    } else {
      warnings.dropped("thinking_blocks");
    }
  }
  return kept;
}
