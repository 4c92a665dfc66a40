import type { ReceivedRequest } from "./provider.ts";
import { MockRefusal } from "./refusal.ts";

/** The body as a JSON object. @throws MockRefusal */
export function jsonObject(request: ReceivedRequest): Record<string, unknown> {
  if (!(request.headers["content-type"] ?? "").startsWith("application/json")) {
    throw new MockRefusal(400, "content-type must be application/json");
  }
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString("utf8"));
  } catch {
    throw new MockRefusal(400, "could not parse the JSON body of your request");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MockRefusal(400, "the body of your request must be a JSON object");
  }
  return value as Record<string, unknown>;
}

/** Refuses credentials of another vendor or of the client itself: one that arrives here has leaked. */
export function refuseForeign(request: ReceivedRequest, foreign: RegExp): void {
  const leaked = Object.keys(request.headers).filter(
    (name) => foreign.test(name) || name === "cookie" || name === "proxy-authorization",
  );
  if (leaked.length > 0) throw new MockRefusal(400, `unexpected credentials: ${leaked.join(", ")}`);
}

/** The objects of a list; nothing when it is none. */
export function objects(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value)
    ? value.filter((one): one is Record<string, unknown> => typeof one === "object" && one !== null)
    : [];
}

/** The text of message content, in any of the shapes that providers know: what the token count looks at. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.map(textOf).join("");
  if (typeof content !== "object" || content === null) return "";
  const { text, content: inner, toolResult } = content as Record<string, unknown>;
  return textOf(text) + textOf(inner) + textOf(toolResult);
}

/** The text of the last message if it is the user's: what was just asked for. */
export function lastUserText(messages: readonly Record<string, unknown>[]): string {
  const last = messages.at(-1);
  return last?.["role"] === "user" ? textOf(last["content"]) : "";
}
