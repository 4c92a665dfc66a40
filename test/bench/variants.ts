/** One kind of work, and where it is sent. */
export interface Variant {
  readonly name: string;
  /** `plain`: Envoy alone, the floor. */
  readonly stack: "plain" | "tollgate" | "limited" | "grpcJs";
  readonly model: string;
  readonly bodyBytes: number;
  /** The answer is a stream. */
  readonly stream?: boolean;
}

const kilobyte = 1_024;

export const variants: readonly Variant[] = [
  { name: "Envoy alone", stack: "plain", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → OpenAI", stack: "tollgate", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → OpenAI, on grpc-js", stack: "grpcJs", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → OpenAI, limited", stack: "limited", model: "gpt-4o", bodyBytes: kilobyte },
  { name: "chat → Anthropic", stack: "tollgate", model: "claude", bodyBytes: kilobyte },
  { name: "chat → Bedrock", stack: "tollgate", model: "nova", bodyBytes: kilobyte },
  { name: "Envoy alone, 200 KB", stack: "plain", model: "gpt-4o", bodyBytes: 200 * kilobyte },
  { name: "chat → OpenAI, 200 KB", stack: "tollgate", model: "gpt-4o", bodyBytes: 200 * kilobyte },
  { name: "Envoy alone, 200 chunks", stack: "plain", model: "gpt-4o", bodyBytes: kilobyte, stream: true },
  { name: "chat → OpenAI, 200 chunks", stack: "tollgate", model: "gpt-4o", bodyBytes: kilobyte, stream: true },
  {
    name: "chat → OpenAI, 200 chunks, on grpc-js",
    stack: "grpcJs",
    model: "gpt-4o",
    bodyBytes: kilobyte,
    stream: true,
  },
];

/** A chat request of about so many bytes that names its model. */
export function chatBody({ model, bodyBytes, stream }: Variant): string {
  const more = stream === true ? { stream, stream_options: { include_usage: true } } : {};
  const frame = JSON.stringify({ model, ...more, messages: [{ role: "user", content: "" }] }).length;
  const content = "lorem ipsum ".repeat(Math.ceil(bodyBytes / 12)).slice(0, Math.max(1, bodyBytes - frame));
  return JSON.stringify({ model, ...more, messages: [{ role: "user", content }] });
}

/** By what the route to a streaming provider is chosen. */
export function streamHeader({ stream }: Variant): Readonly<Record<string, string>> {
  return stream === true ? { "x-bench-stream": "1" } : {};
}
