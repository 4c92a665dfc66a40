import type { Call } from "./http.ts";

export const openaiKey = "sk-test-0123456789abcdef";
export const anthropicKey = "sk-ant-test";

interface Options {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

const user = { role: "user", content: "hi" };

/** A valid call of each provider; options change its headers and the members of its body. */
export function openaiCall({ headers, body }: Options = {}): Call {
  return {
    path: "/v1/chat/completions",
    headers: { authorization: `Bearer ${openaiKey}`, ...headers },
    body: { model: "gpt-4o", messages: [user], ...body },
  };
}

export function anthropicCall({ headers, body }: Options = {}): Call {
  return {
    path: "/v1/messages",
    headers: { "x-api-key": anthropicKey, "anthropic-version": "2023-06-01", ...headers },
    body: { model: "claude-sonnet-4-20250514", max_tokens: 100, messages: [user], ...body },
  };
}

export function bedrockCall({ headers, body }: Options = {}, action = "converse"): Call {
  return {
    path: `/model/amazon.nova-pro-v1%3A0/${action}`,
    headers: { authorization: "AWS4-HMAC-SHA256 Credential=AKID/unchecked", ...headers },
    body: { messages: [{ role: "user", content: [{ text: "hi" }] }], ...body },
  };
}
