import type { JsonOut } from "../../lib/raw-json.ts";
import type { JsonView } from "../common/json-view.ts";

/** A reasoning block that a stream has not closed yet. */
export class OpenReasoning {
  #text = "";
  #signature = "";
  #redacted: string[] = [];

  /** Takes in a `reasoningContent` delta. Returns the characters that are held because of it. */
  add(delta: JsonView): number {
    const text = delta.member("text").string ?? "";
    const signature = delta.member("signature").string ?? "";
    const redacted = delta.member("redactedContent").string ?? "";
    this.#text += text;
    this.#signature += signature;
    if (redacted !== "") this.#redacted.push(redacted);
    return text.length + signature.length + redacted.length;
  }

  /** As the chat dialect shows it. */
  get block(): JsonOut {
    return this.#redacted.length > 0
      ? { type: "redacted_thinking", data: joinBase64(this.#redacted) }
      : { type: "thinking", thinking: this.#text, signature: this.#signature };
  }
}

/** The base64 of all the bytes together; a single piece stays as it is (R100). */
function joinBase64(pieces: readonly string[]): string {
  const [first, ...others] = pieces;
  if (first !== undefined && others.length === 0) return first;
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64"))).toString("base64");
}
