import type { ClientRequest } from "../../../src/core/endpoint.ts";
import { Headers } from "../../../src/core/headers.ts";
import type { AttemptInput, BackendOptions } from "../../../src/core/translator.ts";

export const nowMs = 1_700_000_000_500;

export interface AttemptOptions {
  readonly options?: BackendOptions;
  readonly clientHeaders?: Headers;
  readonly model?: string;
}

/** A chat request as an endpoint hands it on; its parsed body is frozen (R16). `body` is the text or what becomes it. */
export function chatClientRequest(body: string | object): ClientRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const value = deepFreeze(JSON.parse(text)) as {
    model?: string;
    stream?: boolean;
    stream_options?: { include_usage?: boolean };
  };
  return {
    api: "chat",
    raw: new TextEncoder().encode(text),
    model: value.model,
    stream: value.stream === true,
    includeUsage: value.stream_options?.include_usage === true,
    maxOutputTokens: undefined,
    choices: 1,
    body: () => value,
  };
}

/** One attempt with a clock that stands still and ids that count. */
export function chatAttempt(
  body: string | object,
  { options = {}, clientHeaders, model }: AttemptOptions = {},
): AttemptInput {
  const request = chatClientRequest(body);
  let ids = 0;
  return {
    request,
    clientHeaders: clientHeaders ?? new Headers(),
    model: model ?? request.model ?? "model-x",
    options,
    now: () => nowMs,
    newId: (prefix) => `${prefix}${++ids}`,
  };
}

export function userMessage(content: unknown) {
  return { model: "model-x", messages: [{ role: "user", content }] };
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
