import { defaultSettings } from "../../src/config/data/default-settings.ts";
import type { Api, ClientRequest } from "../../src/core/endpoint.ts";
import { Headers } from "../../src/core/headers.ts";
import type {
  Backend,
  BackendRef,
  CostRule,
  HeaderMatch,
  LimitRule,
  LimitSelector,
  RetryPolicy,
  RouteCandidate,
  RouteRule,
  RuntimeConfig,
  Settings,
} from "../../src/core/runtime-config.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";
import type { RequestView } from "../../src/planning/request-view.ts";
import { makeRule } from "../ratelimit/support.ts";

export function makeSettings(changes: Partial<Settings> = {}): Settings {
  return { ...defaultSettings, modelSelection: "HeaderFirst", ...changes };
}

export function makeBackend(id: string, changes: Partial<Backend> = {}): Backend {
  return {
    id,
    providerName: "openai",
    schema: "OpenAI",
    endpoint: { hostname: "api.openai.com", port: 443, tls: undefined },
    auth: { type: "None" },
    options: {},
    modelNameOverride: undefined,
    models: new Map(),
    fallback: undefined,
    unusable: undefined,
    headerMutation: undefined,
    ...changes,
  };
}

export function makeRef(backendId: string, changes: Partial<BackendRef> = {}): BackendRef {
  return { backendId, priority: 0, weight: 1, modelNameOverride: undefined, headerMutation: undefined, ...changes };
}

export function makeRouteRule(
  id: string,
  changes: Partial<RouteRule> & { readonly attempts?: Partial<RetryPolicy> } = {},
): RouteRule {
  const { attempts, ...rest } = changes;
  return {
    id,
    routeId: "ai/llm",
    matches: [],
    backends: [makeRef("ai/openai")],
    retry: {
      attemptsPerPriority: 1,
      maxRetries: undefined,
      statusCodes: [],
      triggers: [],
      baseIntervalMs: 25,
      maxIntervalMs: 250,
      ...attempts,
    },
    requestTimeoutMs: 600_000,
    streamIdleTimeoutMs: 60_000,
    perTryTimeoutMs: 120_000,
    jsonPerTryTimeoutMs: undefined,
    costs: [],
    limits: [],
    budgets: [],
    ...rest,
  };
}

export function makeCost(metadataKey: string, value: number): CostRule {
  return { metadataKey, type: "Test", evaluate: () => ({ value }) };
}

export function exact(name: string, value: string): HeaderMatch {
  return { type: "Exact", name, value };
}

export function makeConfig(
  candidates: readonly {
    readonly rule: RouteRule;
    readonly match?: readonly HeaderMatch[];
    readonly hostnames?: readonly string[];
  }[],
  changes: Partial<RuntimeConfig> = {},
): RuntimeConfig {
  const backends = new Map(["ai/openai", "ai/anthropic", "ai/bedrock"].map((id) => [id, makeBackend(id)]));
  return {
    version: "1",
    settings: makeSettings(),
    backends,
    routes: [],
    candidates: candidates.map(({ rule, match = [], hostnames = [] }): RouteCandidate => ({ rule, match, hostnames })),
    rules: new Map(candidates.map(({ rule }) => [rule.id, rule])),
    limits: new Map(),
    quotas: new Map(),
    budgets: new Map(),
    models: ["gpt-4o", "gpt-4o-mini"],
    prices: makePriceBook([], ""),
    ...changes,
  };
}

export function makeView(
  headers: Iterable<readonly [string, string]> = [],
  changes: Partial<RequestView> = {},
): RequestView {
  return {
    method: "POST",
    path: "/v1/chat/completions",
    host: "localhost",
    headers: new Headers(headers),
    sourceAddress: "192.0.2.7",
    ...changes,
  };
}

export function makeRequest(model?: string): ClientRequest {
  const body = { ...(model === undefined ? {} : { model }), messages: [{ role: "user", content: "Hello" }] };
  return {
    api: "chat" satisfies Api,
    raw: Buffer.from(JSON.stringify(body)),
    model,
    stream: false,
    includeUsage: false,
    maxOutputTokens: undefined,
    choices: 1,
    body: () => body,
  };
}

export function limitFor(id: string, ...selectors: LimitSelector[]): LimitRule {
  return makeRule({ id, label: id, selectors });
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
