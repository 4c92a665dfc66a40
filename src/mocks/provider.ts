/** What a mock received, whole. Header names in lower case. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface MockCredentials {
  readonly apiKey?: string | undefined;
  readonly aws?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly region: string; readonly sessionToken?: string } | undefined;
}

/** A call as the provider understands it. */
export interface MockCall {
  readonly model: string;
  readonly stream: boolean;
  /** All text of the request, for the token count. */
  readonly inputText: string;
  readonly messageCount: number;
  readonly lastUserText: string;
  /** Name of the first tool offered. */
  readonly firstTool: string | undefined;
  /** Usage is asked for in the stream (OpenAI). */
  readonly includeUsage: boolean;
  /** Who pays: what the bill is kept by. Never shown whole. */
  readonly credential: string;
}

/** Tokens by the provider-independent convention: input includes cached and written, output includes reasoning. */
export interface MockUsage {
  readonly input: number;
  readonly output: number;
  readonly cached?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly reasoning?: number | undefined;
}

/** What a mock is going to say. */
export interface MockAnswer {
  readonly id: string;
  readonly text: string;
  readonly thinking: string | undefined;
  /** Arguments as JSON text. */
  readonly tool: { readonly name: string; readonly arguments: string } | undefined;
  /** Undefined: the provider tells none. */
  readonly usage: MockUsage | undefined;
  /** Content pieces of a stream. */
  readonly chunks: number;
}

export interface MockFrame {
  /** `end`: without it the stream is truncated. */
  readonly kind: "start" | "content" | "end";
  readonly bytes: Buffer;
}

/** One provider's wire format. Siblings are alike; start-mock.ts does everything else. */
export interface MockProvider {
  readonly name: "openai" | "anthropic" | "awsbedrock";
  readonly streamContentType: string;
  /** @throws MockRefusal what the real provider would refuse */
  read(request: ReceivedRequest, credentials: MockCredentials): MockCall;
  answer(call: MockCall, answer: MockAnswer): object;
  frames(call: MockCall, answer: MockAnswer): readonly MockFrame[];
  /** The provider's own error in the middle of a stream. */
  errorFrame(): Buffer;
  error(status: number, message: string): { readonly body: object; readonly headers: Readonly<Record<string, string>> };
}

export class MockRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The body as a JSON object. */
export function jsonObject(request: ReceivedRequest): Record<string, unknown> {
  if (!(request.headers["content-type"] ?? "").startsWith("application/json")) throw new MockRefusal(400, "content-type must be application/json");
  if (request.headers["content-length"] !== undefined && Number(request.headers["content-length"]) !== request.body.length) {
    throw new MockRefusal(400, "content-length does not fit the body");
  }
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString("utf8"));
  } catch {
    throw new MockRefusal(400, "could not parse the JSON body of your request");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new MockRefusal(400, "the body must be an object");
  return value as Record<string, unknown>;
}

/** Refuses credentials of another vendor: one that arrives here has leaked. */
export function refuseForeign(request: ReceivedRequest, foreign: RegExp): void {
  const leaked = Object.keys(request.headers).filter((name) => foreign.test(name));
  if (leaked.length > 0) throw new MockRefusal(400, `unexpected credentials: ${leaked.join(", ")}`);
}

export function objects(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((one): one is Record<string, unknown> => typeof one === "object" && one !== null) : [];
}

/** Every string below a value, joined: what the token count looks at. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (typeof value === "object" && value !== null) return Object.values(value).map(textOf).join(" ");
  return "";
}

/** `text` in about equal pieces; at least one, none empty unless the text is. */
export function pieces(text: string, count: number): readonly string[] {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, count)));
  const parts: string[] = [];
  for (let start = 0; start < text.length; start += size) parts.push(text.slice(start, start + size));
  return parts.length === 0 ? [""] : parts;
}
