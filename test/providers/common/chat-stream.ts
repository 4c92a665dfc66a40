/** What a client makes of a chat stream: the pieces put together as one answer, as client libraries do. */
export interface FoldedStream {
  readonly answer: Record<string, unknown>;
  readonly chunks: readonly Record<string, unknown>[];
  readonly done: boolean;
}

interface Chunk {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly choices: readonly { readonly delta: Record<string, unknown>; readonly finish_reason: string | null }[];
  readonly usage?: unknown;
}

type ToolDelta = { index: number; id?: string; function?: { name?: string; arguments?: string } };

/** @throws when an event follows `[DONE]` or is no JSON */
export function foldChatStream(stream: string): FoldedStream {
  const payloads = stream
    .split("\n\n")
    .filter((event) => event.startsWith("data: "))
    .map((event) => event.slice("data: ".length));
  const done = payloads.at(-1) === "[DONE]";
  const chunks = (done ? payloads.slice(0, -1) : payloads).map((payload) => JSON.parse(payload) as Chunk);
  const message: Record<string, unknown> = { role: "assistant", content: null, refusal: null };
  const texts: Record<string, string> = {};
  const tools: { id: string; type: "function"; function: { name: string; arguments: string } }[] = [];
  let finishReason: string | null = null;
  let usage: unknown;
  for (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    for (const choice of chunk.choices ?? []) {
      finishReason = choice.finish_reason ?? finishReason;
      for (const name of ["content", "refusal", "reasoning_content"]) {
        const piece = choice.delta[name];
        if (typeof piece === "string" && piece !== "") message[name] = texts[name] = (texts[name] ?? "") + piece;
      }
      if (choice.delta["thinking_blocks"] !== undefined) message["thinking_blocks"] = choice.delta["thinking_blocks"];
      for (const delta of (choice.delta["tool_calls"] ?? []) as ToolDelta[]) {
        tools[delta.index] ??= {
          id: delta.id ?? "",
          type: "function",
          function: { name: delta.function?.name ?? "", arguments: "" },
        };
        const tool = tools[delta.index];
        if (tool !== undefined) tool.function.arguments += delta.function?.arguments ?? "";
      }
    }
  }
  if (tools.length > 0) message["tool_calls"] = tools;
  else message["content"] ??= "";
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason }];
  const { id, created, model } = chunks[0] ?? { id: "", created: 0, model: "" };
  const answer = { id, object: "chat.completion", created, model, choices, ...(usage === undefined ? {} : { usage }) };
  return { answer, chunks: chunks as unknown as Record<string, unknown>[], done };
}
