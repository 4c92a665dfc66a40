import type { AuthConfig, Secret } from "./auth.ts";
import type { BudgetRule } from "./budget.ts";
import type { Api } from "./endpoint.ts";
import type { PriceBook, Quote } from "./prices.ts";
import type { SchemaName } from "./provider.ts";
import type { BackendOptions } from "./translator.ts";
import type { ServiceTier, TokenUsage } from "./usage.ts";

/**
 * The compiled configuration: immutable, swapped whole, every lookup a Map. Made by `config/`, read by everybody else.
 * Durations are milliseconds, sizes bytes. Ids are `<namespace>/<name>`.
 */
export interface RuntimeConfig {
  /** Hash of what it was compiled from; changes iff the configuration does. */
  readonly version: string;
  readonly settings: Settings;
  readonly backends: ReadonlyMap<string, Backend>;
  /** In the order of preference (Gateway API order). */
  readonly routes: readonly Route[];
  /** Every match of every rule in the order of preference across all routes (Gateway API order): the first that matches serves. */
  readonly candidates: readonly RouteCandidate[];
  /** Every rule of every route by its id. */
  readonly rules: ReadonlyMap<string, RouteRule>;
  /** Every rate-limit rule by its id. */
  readonly limits: ReadonlyMap<string, LimitRule>;
  /** The quotas of backends that have some, by the backend's id. */
  readonly quotas: ReadonlyMap<string, readonly Quota[]>;
  /** Every budget by its id. */
  readonly budgets: ReadonlyMap<string, BudgetRule>;
  /** Models that a request can name and be routed, for error messages and `/v1/models`. Sorted. */
  readonly models: readonly string[];
  readonly prices: PriceBook;
}

export interface Settings {
  readonly listener: {
    readonly address: string;
    readonly port: number;
    readonly xffTrustedHops: number;
    readonly bufferLimitBytes: number;
    readonly requestReadTimeoutMs: number;
  };
  readonly admin: {
    readonly address: string;
    readonly port: number;
    /** Undefined = one is made at start. */
    readonly token: Secret | undefined;
  };
  readonly envoy: { readonly concurrency: number; readonly adminPort: number; readonly extraArgs: readonly string[] };
  /** Which model name wins when header and body differ (resources.md §2). */
  readonly modelSelection: "HeaderFirst" | "BodyFirst";
  readonly endpointPrefixes: { readonly openai: string; readonly anthropic: string; readonly cohere: string };
  readonly identity: { readonly trustedHeaders: readonly string[]; readonly requireIdentity: boolean };
  /** Send the headers of limits.md L8. */
  readonly responseHeaders: boolean;
  readonly defaults: {
    /** Model of a request that names none. */
    readonly model: string | undefined;
    readonly requestTimeoutMs: number;
    readonly streamIdleTimeoutMs: number;
    /** Time to the first byte of headers of one attempt on a stream. */
    readonly perTryTimeoutMs: number;
  };
  readonly store: { readonly url: string; readonly timeoutMs: number; readonly failureMode: FailureMode };
  readonly log: { readonly level: string; readonly format: "json" | "pretty" };
}

/** What happens to a rate-limit decision while its store is away (limits.md L18). */
export type FailureMode = "local" | "allow" | "deny";

export interface Backend {
  readonly id: string;
  /** Lower-case name for `x-ai-provider`: `openai`, `anthropic`, `awsbedrock`, `groq` … */
  readonly providerName: string;
  readonly schema: SchemaName;
  readonly endpoint: BackendEndpoint;
  readonly auth: AuthConfig;
  readonly options: BackendOptions;
  /** Sent upstream instead of the client's model; wins over `models`. */
  readonly modelNameOverride: string | undefined;
  /** Client model → upstream model. */
  readonly models: ReadonlyMap<string, string>;
  /**
   * What is sent when the requested model is known to belong to another vendor (its name matches `foreignModels`) and nothing else
   * says what to send; undefined = nothing is replaced.
   */
  readonly fallback: { readonly foreignModels: RegExp; readonly model: string } | undefined;
  /** Why this backend cannot be used now (a missing Secret …), in words for the client; undefined = usable. */
  readonly unusable: string | undefined;
  readonly headerMutation: HeaderMutation | undefined;
}

export interface BackendEndpoint {
  readonly hostname: string;
  readonly port: number;
  /** undefined = plain HTTP. */
  readonly tls:
    | { readonly sni: string; readonly caFile: string | undefined; readonly insecureSkipVerify: boolean }
    | undefined;
}

export interface HeaderMutation {
  readonly set: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

export interface Route {
  readonly id: string;
  /** Host names it serves; empty = all. Exact or `*.suffix`. Lower case. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RouteRule[];
}

/** One match of one rule. A rule without matches is one candidate with an empty match. */
export interface RouteCandidate {
  readonly hostnames: readonly string[];
  readonly match: readonly HeaderMatch[];
  readonly rule: RouteRule;
}

export interface RouteRule {
  /** `<namespace>/<route>/<rule name or content hash>`; never an index. */
  readonly id: string;
  readonly routeId: string;
  /** ORed; each is a list of ANDed header matches. Empty = matches everything. */
  readonly matches: readonly (readonly HeaderMatch[])[];
  readonly backends: readonly BackendRef[];
  readonly retry: RetryPolicy;
  readonly requestTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  /** Time to the headers of one attempt on a stream. */
  readonly perTryTimeoutMs: number;
  /** The same for JSON answers: only where somebody asked for it, because it cuts, repeats and pays twice a long answer. */
  readonly jsonPerTryTimeoutMs: number | undefined;
  readonly costs: readonly CostRule[];
  /** What lists of models say of those that this rule names; undefined = nobody said. */
  readonly modelsOwnedBy?: string | undefined;
  readonly modelsCreatedMs?: number | undefined;
  /** Rate limits of policies attached to this rule's route (or to its Gateway). */
  readonly limits: readonly LimitRule[];
  /** Budgets that are for this rule's route, and for all routes. */
  readonly budgets: readonly BudgetRule[];
}

/** `x-ai-eg-model` in a match means the resolved model. Names in lower case. */
export type HeaderMatch =
  | { readonly type: "Exact"; readonly name: string; readonly value: string }
  | { readonly type: "RegularExpression"; readonly name: string; readonly pattern: RegExp; readonly source: string };

export interface BackendRef {
  readonly backendId: string;
  /** Rank, 0 = first; gaps closed. */
  readonly priority: number;
  /** 0 = disabled. */
  readonly weight: number;
  readonly modelNameOverride: string | undefined;
  readonly headerMutation: HeaderMutation | undefined;
}

export interface RetryPolicy {
  readonly attemptsPerPriority: number;
  /** undefined = as many as there are planned attempts. */
  readonly maxRetries: number | undefined;
  readonly statusCodes: readonly number[];
  readonly triggers: readonly string[];
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
}

/** What a cost is made from; a cost expression may use all but the price (limits.md L5). */
export interface CostContext {
  readonly model: string;
  readonly backend: string;
  readonly routeName: string;
  readonly usage: TokenUsage;
  /** What the model sent upstream costs at this backend at the time of the request. Asked for by costs in USD only. */
  readonly quote: () => Quote;
}

/**
 * A compiled cost rule. `evaluate` returns an integer 0 … 1e9 and never throws; `capped`, `failed` say what was done to it,
 * `unpriced` that the model has no price and which rates stand for it, `unpricedTier` that the tier which served is dearer than the
 * ordinary one and has no rates in the price.
 */
export interface CostRule {
  readonly metadataKey: string;
  readonly type: string;
  evaluate(context: CostContext): CostValue;
}

export interface CostValue {
  readonly value: number;
  readonly capped?: boolean;
  readonly failed?: string;
  readonly unpriced?: string;
  readonly unpricedTier?: ServiceTier | undefined;
}

export type LimitUnit = "Second" | "Minute" | "Hour" | "Day" | "Week" | "Month" | "Year";

/** One rule of a BackendTrafficPolicy's global rate limit (limits.md L10). */
export interface LimitRule {
  /** `<namespace>/<policy>/<hash of selectors, cost, unit>`: an edited limit keeps its counters. */
  readonly id: string;
  readonly policyId: string;
  /** How messages call it: the policy's name and the rule's number, `token-budget-per-user rule 1`. */
  readonly label: string;
  readonly selectors: readonly LimitSelector[];
  /** The limit's number; a budget of N admits calls while the counter is ≤ N (L13). */
  readonly limit: number;
  readonly unit: LimitUnit;
  readonly timeZone: string;
  readonly requestCost:
    | { readonly from: "Number"; readonly number: number }
    | { readonly from: "Metadata"; readonly key: string };
  readonly responseCost:
    | { readonly from: "Number"; readonly number: number }
    | { readonly from: "Metadata"; readonly key: string }
    | undefined;
  readonly shadowMode: boolean;
  readonly failureMode: FailureMode;
  /** Every route has a counter of its own, also where one policy is for several. */
  readonly perRoute?: boolean | undefined;
  /** What it counts, for messages: micro-dollars, when the costs that it reads are in USD; undefined = tokens or whatever. */
  readonly costUnit?: "MicroUsd" | undefined;
}

/** What one backend may be asked for in a time (QuotaPolicy, resources.md §3): counted by what requests to it used. */
export interface Quota {
  readonly policyId: string;
  /** Counts what is sent as this model; undefined = everything (a service quota). */
  readonly model: string | undefined;
  /** What a request counts for. */
  readonly cost: CostRule;
  /** See planning/match-quotas.ts; those for whom the others are not are last. A bucket's own costs are not used. */
  readonly buckets: readonly LimitRule[];
}

/** ANDed. Header names in lower case; `x-ai-eg-model` is the resolved model. */
export type LimitSelector =
  | {
      readonly kind: "header";
      readonly type: "Exact";
      readonly name: string;
      readonly value: string;
      readonly invert: boolean;
    }
  | {
      readonly kind: "header";
      readonly type: "RegularExpression";
      readonly name: string;
      readonly pattern: RegExp;
      readonly source: string;
      readonly invert: boolean;
    }
  | { readonly kind: "header"; readonly type: "Distinct"; readonly name: string }
  | { readonly kind: "sourceCIDR"; readonly type: "Exact" | "Distinct"; readonly cidr: string }
  /** ORed. In upper case. */
  | { readonly kind: "methods"; readonly methods: readonly { readonly value: string; readonly invert: boolean }[] }
  | {
      readonly kind: "path";
      readonly type: "Exact" | "Prefix" | "RegularExpression";
      readonly value: string;
      readonly invert: boolean;
    };

/** APIs that a schema can serve, told to `config/` so that it need not import registries. */
export type Pairs = ReadonlyMap<SchemaName, ReadonlySet<Api>>;
