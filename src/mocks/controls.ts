import { type Fault, faultOfHeader } from "./faults.ts";
import type { MockUsage } from "./provider.ts";
import { MockRefusal } from "./refusal.ts";

/** What a test or a demo asks of a mock in `x-mock-*` headers. */
export interface Controls {
  /** `x-mock-fault`. */
  readonly fault: Fault | undefined;
  /** `x-mock-usage: input,output[,cached[,cacheWrite[,reasoning]]]`; an empty part is not told. */
  readonly usage: MockUsage | undefined;
  /** `x-mock-text`. */
  readonly text: string;
  /** `x-mock-chunks`: content pieces of a stream. */
  readonly chunks: number;
  /** `x-mock-chunk-delay`: pause after each of them. */
  readonly chunkDelayMs: number;
  /** `x-mock-delay`: pause before the headers. */
  readonly delayMs: number;
  /** `x-mock-tools: 1`: call the first tool. */
  readonly tools: boolean;
  /** `x-mock-thinking: 1`. */
  readonly thinking: boolean;
  /** `x-mock-service-tier`: the tier that it says served. */
  readonly serviceTier: string | undefined;
  /** `x-mock-split`: bytes per write; undefined = each event in one. */
  readonly split: number | undefined;
}

type Headers = Readonly<Record<string, string>>;

const defaultText = "Hello from the mock.";
const defaultChunks = 4;

function count(headers: Headers, name: string): number | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new MockRefusal(400, `${name} must be a number, not "${value}"`);
  return Number(value);
}

function usage(value: string | undefined): MockUsage | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+,\d+(?:,\d*){0,3}$/.test(value))
    throw new MockRefusal(400, `x-mock-usage must be like 60,40, not "${value}"`);
  const parts = value.split(",").map((part) => (part === "" ? undefined : Number(part)));
  return { input: parts[0] ?? 0, output: parts[1] ?? 0, cached: parts[2], cacheWrite: parts[3], reasoning: parts[4] };
}

/** Header bytes as the UTF-8 that most clients send; Latin-1 where they are not. */
function text(value: string): string {
  const bytes = Buffer.from(value, "latin1");
  const decoded = bytes.toString("utf8");
  return Buffer.from(decoded).equals(bytes) ? decoded : value;
}

/** @throws MockRefusal for values that mean nothing */
export function readControls(provider: string, headers: Headers): Controls {
  const split = count(headers, "x-mock-split");
  return {
    fault: faultOfHeader(provider, headers["x-mock-fault"]),
    usage: usage(headers["x-mock-usage"]),
    text: text(headers["x-mock-text"] ?? defaultText),
    chunks: Math.max(1, count(headers, "x-mock-chunks") ?? defaultChunks),
    chunkDelayMs: count(headers, "x-mock-chunk-delay") ?? 0,
    delayMs: count(headers, "x-mock-delay") ?? 0,
    tools: headers["x-mock-tools"] === "1",
    thinking: headers["x-mock-thinking"] === "1",
    serviceTier: headers["x-mock-service-tier"],
    split: split === 0 ? undefined : split,
  };
}
