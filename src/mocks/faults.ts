import { MockRefusal } from "./refusal.ts";

/** Those of a stream (error-mid, error-then-more, error-first, endless, corrupt-frame) leave a JSON answer as it is. */
const plainFaults = [
  /** The connection is closed before any header. */
  "reset",
  /** Closed after half of the answer. */
  "reset-mid",
  /** The answer ends as if it were complete, without its end. */
  "truncate",
  /** The provider's own error event in the middle of a stream. */
  "error-mid",
  /** The same, and the stream goes on after it. */
  "error-then-more",
  /** The provider's own error event as the first of a stream. */
  "error-first",
  /** 200 with a page of HTML. */
  "html",
  /** JSON that does not parse; on a stream in one of its events. */
  "broken-json",
  /** 200 with an error's JSON. */
  "error-body-200",
  "wrong-content-type",
  "no-usage",
  "negative-usage",
  /** A compressed answer that nobody asked for. */
  "gzip",
  /** Headers and then an empty body. */
  "headers-only",
  /** Headers and then nothing; the connection stays open. */
  "silent",
  /** A stream that never ends: a small piece every 20 ms. */
  "endless",
  /** A frame whose bytes do not fit its checksum (AWS). */
  "corrupt-frame",
] as const;

export type PlainFault = (typeof plainFaults)[number];

export type Fault =
  | { readonly kind: PlainFault }
  | { readonly kind: "status"; readonly status: number }
  /** undefined = no answer until the client closes. */
  | { readonly kind: "slow"; readonly delayMs: number | undefined }
  | { readonly kind: "huge"; readonly mebibytes: number };

const defaultHugeMebibytes = 30;

/** `429`, `slow`, `slow-500`, `huge-8`, `truncate`, …; undefined = no fault has this name. */
export function parseFault(text: string): Fault | undefined {
  if (/^[4-5]\d\d$/.test(text)) return { kind: "status", status: Number(text) };
  const [, name, amount] = /^(slow|huge)(?:-(\d+))?$/.exec(text) ?? [];
  if (name === "slow") return { kind: "slow", delayMs: amount === undefined ? undefined : Number(amount) };
  if (name === "huge") return { kind: "huge", mebibytes: Number(amount ?? defaultHugeMebibytes) };
  const kind = plainFaults.find((known) => known === text);
  return kind === undefined ? undefined : { kind };
}

const providerNames = new Set(["openai", "azureopenai", "anthropic", "awsbedrock"]);

/** The part of `openai=429;anthropic=500` that is for one provider; what names none is for every provider. */
function ownPart(provider: string, value: string): string | undefined {
  if (!value.includes("=")) return value.trim();
  let own: string | undefined;
  for (const part of value.split(";")) {
    const [name = "", fault = ""] = part.split("=").map((word) => word.trim());
    if (!providerNames.has(name)) throw new MockRefusal(400, `x-mock-fault: there is no provider "${name}"`);
    if (name === provider) own = fault;
  }
  return own;
}

/**
 * The fault in `x-mock-fault`: `429`, or `openai=429;anthropic=500`.
 * @throws MockRefusal a name that nothing has: a test with a typing error must not pass
 */
export function faultOfHeader(provider: string, value: string | undefined): Fault | undefined {
  const own = value === undefined || value === "" ? undefined : ownPart(provider, value);
  if (own === undefined) return undefined;
  const fault = parseFault(own);
  if (fault === undefined) throw new MockRefusal(400, `x-mock-fault: there is no fault "${own}"`);
  return fault;
}

/** The fault in a model's name (`gpt-4o-mock-429`, `mock-slow-500-turbo`): the longest that is one. */
export function faultOfModel(model: string): Fault | undefined {
  const words = /mock-([a-z0-9-]+)/.exec(model)?.[1]?.split("-") ?? [];
  for (let count = words.length; count > 0; count--) {
    const fault = parseFault(words.slice(0, count).join("-"));
    if (fault !== undefined) return fault;
  }
  return undefined;
}
