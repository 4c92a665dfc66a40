import type { MockUsage } from "./provider.ts";

/** What a test or a demo asks of a mock, in `x-mock-*` headers; docs/mocks.md lists them. */
export interface Controls {
  readonly fault: string | undefined;
  readonly usage: MockUsage | undefined;
  readonly text: string;
  readonly chunks: number;
  readonly chunkDelayMs: number;
  readonly delayMs: number;
  readonly tools: boolean;
  readonly thinking: boolean;
  /** Bytes per write; undefined = whole frames. */
  readonly split: number | undefined;
}

function number(value: string | undefined): number | undefined {
  return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value);
}

function parseUsage(value: string | undefined): MockUsage | undefined {
  if (value === undefined) return undefined;
  const [input = 0, output = 0, cached, cacheWrite, reasoning] = value.split(",").map(Number);
  return { input, output, cached, cacheWrite, reasoning };
}

/** `429`, or `openai=429;anthropic=500` of which only this provider's part counts. */
function faultFor(provider: string, value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (!value.includes("=")) return value;
  const own = value.split(";").map((part) => part.trim()).find((part) => part.startsWith(`${provider}=`));
  return own?.slice(provider.length + 1);
}

/** The fault in a model's name: `gpt-4o-mock-429`. */
export function faultOfModel(model: string): string | undefined {
  return /mock-([a-z0-9-]+)/.exec(model)?.[1];
}

export function readControls(provider: string, headers: Readonly<Record<string, string>>): Controls {
  return {
    fault: faultFor(provider, headers["x-mock-fault"]),
    usage: parseUsage(headers["x-mock-usage"]),
    text: headers["x-mock-text"] ?? "Hello from the mock.",
    chunks: number(headers["x-mock-chunks"]) ?? 4,
    chunkDelayMs: number(headers["x-mock-chunk-delay"]) ?? 0,
    delayMs: number(headers["x-mock-delay"]) ?? 0,
    tools: headers["x-mock-tools"] === "1",
    thinking: headers["x-mock-thinking"] === "1",
    split: number(headers["x-mock-split"]),
  };
}
