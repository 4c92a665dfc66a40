import { type ClientRequest, type IncomingMessage, request } from "node:http";

// biome-ignore lint/suspicious/noExplicitAny: answers are asserted on member by member
export type Loose = any;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  json(): Loose;
  /** The JSON payloads of its `data:` lines, without `[DONE]`. */
  events(): Loose[];
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly path?: string;
  readonly method?: string;
}

/** Sends one request as curl does: `-d` with its default content type. Strings and bytes are sent as they are, other bodies as JSON. */
export async function send(url: string, { headers, body, path, method }: Sent = {}): Promise<Answer> {
  const payload =
    body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await fetch(`${url}${path ?? "/v1/chat/completions"}`, {
    method: method ?? "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    ...(payload === undefined ? {} : { body: payload as string }),
  });
  const text = await response.text();
  return answer(response.status, Object.fromEntries(response.headers), text);
}

export function answer(status: number, headers: Readonly<Record<string, string>>, text: string): Answer {
  return {
    status,
    headers,
    text,
    json: () => JSON.parse(text) as Loose,
    events: () =>
      text
        .split("\n")
        .filter((line) => line.startsWith("data: ") && line !== "data: [DONE]")
        .map((line) => JSON.parse(line.slice("data: ".length)) as Loose),
  };
}

export const hello = { messages: [{ role: "user", content: "Hello" }] };

/** A chat request with a model in the header, as the tutorial writes it. */
export function chat(
  url: string,
  model: string,
  options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: object } = {},
): Promise<Answer> {
  return send(url, { headers: { "x-ai-eg-model": model, ...options.headers }, body: { ...hello, ...options.body } });
}

/** A request whose answer is read piece by piece, so that the client can go away in the middle. */
export function open(
  url: string,
  { headers, body, path }: Sent,
): { readonly request: ClientRequest; readonly response: Promise<IncomingMessage> } {
  const outgoing = request(`${url}${path ?? "/v1/chat/completions"}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
  });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  return { request: outgoing, response };
}
