/** `plain`: Envoy alone, the floor. The others are Tollgate, with what their names say. */
export type StackName = "plain" | "tollgate" | "limited" | "budgeted" | "redis";

/** One kind of work, and where it is sent. */
export interface Variant {
  readonly name: string;
  readonly stack: StackName;
  readonly model: string;
  readonly bodyBytes: number;
}

const kilobyte = 1_024;

export const variants: readonly Variant[] = [
  { name: "Envoy alone", stack: "plain", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → OpenAI", stack: "tollgate", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → OpenAI, limited", stack: "limited", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → OpenAI, 1 Hard USD budget", stack: "budgeted", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → OpenAI, 1 Hard USD budget on Redis", stack: "redis", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → Anthropic", stack: "tollgate", model: "claude", bodyBytes: kilobyte },
  { name: "chat → Bedrock", stack: "tollgate", model: "nova", bodyBytes: kilobyte },
  { name: "Envoy alone, 200 KB", stack: "plain", model: "gpt-4o", bodyBytes: 200 * kilobyte },
  { name: "chat → OpenAI, 200 KB", stack: "tollgate", model: "gpt-4o", bodyBytes: 200 * kilobyte },
];

/** A chat request of about so many bytes that names its model. */
export function chatBody({ model, bodyBytes }: Variant): string {
  const frame = JSON.stringify({ model, messages: [{ role: "user", content: "" }] }).length;
  const content = "lorem ipsum ".repeat(Math.ceil(bodyBytes / 12)).slice(0, Math.max(1, bodyBytes - frame));
  return JSON.stringify({ model, messages: [{ role: "user", content }] });
}
