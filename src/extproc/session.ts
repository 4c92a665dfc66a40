import type { Settled, Standing } from "../budgets/budget-store.ts";
import type { Hold } from "../budgets/holds.ts";
import type { ClientRequest, Endpoint } from "../core/endpoint.ts";
import type { AppliedBudget, PlannedAttempt, RequestPlan } from "../core/request-plan.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import type { Translator } from "../core/translator.ts";
import type { TokenBound, UsageMeter } from "../metering/usage-meter.ts";
import type { RequestView } from "../planning/request-view.ts";
import type { Selection } from "../planning/select-route.ts";
import type { Refusing } from "./budget-refusal.ts";

/** One try at one backend, as far as Tollgate made it. What Envoy saw of it arrives later, in its upstream log. */
export interface SessionAttempt {
  readonly planned: PlannedAttempt;
  readonly meter: UsageMeter;
  readonly warnings: readonly string[];
  /** The most that it can use; undefined = no budget pays, and nobody asked. */
  readonly bound: TokenBound | undefined;
  /**
   * How its answer came as far as it did: `refused` with an error, `buffering` or `streaming` a good one, `broken` a good one that
   * is read no further, `answered` it completely; undefined = there was none.
   */
  ended: "refused" | "buffering" | "streaming" | "broken" | "answered" | undefined;
  /** Let go when the session ends: it holds the client's body. */
  translator: Translator | undefined;
}

/** What pays for one request: the budgets, in the order of the hold's lines, and what is held on them. */
export interface Spending {
  readonly budgets: readonly AppliedBudget[];
  readonly hold: Hold;
  /** With what was held, as of the last answer of the store. */
  standings: readonly Standing[];
  /** A stream holds less than it may cost, and is cut off where the hold ends. */
  readonly sliced: boolean;
}

/** What was booked for a request; undefined = the store no longer knew it, or could not be reached. */
export type Settlement = Settled | undefined;

/** What Envoy's upstream log tells of an attempt. */
export interface AttemptReport {
  readonly backendId: string;
  /** 0 = no answer. */
  readonly status: number;
  /** Envoy's words for what went wrong, e.g. `upstream_connection_failure`; empty = nothing. */
  readonly flags: readonly string[];
}

/** How a request ended. */
export type SessionOutcome =
  | { readonly kind: "completed" }
  /** Refused by us before anything was sent. */
  | { readonly kind: "rejected"; readonly code: string | null }
  /** Refused by a rate limit, which the rate-limit service names. */
  | { readonly kind: "limited"; readonly limit: string | undefined }
  /** A provider answered with an error, or its answer broke, or a further attempt could not be made. */
  | { readonly kind: "failed"; readonly code: string | null }
  /** No provider answered. */
  | { readonly kind: "unanswered"; readonly details: string }
  /** The client or the provider went away in the middle. */
  | { readonly kind: "aborted" };

/** One client request from its headers to its last byte. Owned by the router's exchange; the attempt's exchange adds attempts. */
export class Session {
  readonly id: string;
  /** The configuration that it began with and keeps, also for its retries. */
  readonly config: RuntimeConfig;
  readonly view: RequestView;
  readonly endpoint: Endpoint;
  readonly startedMs: number;
  request: ClientRequest | undefined;
  plan: RequestPlan | undefined;
  /** Undefined = no budget pays. */
  spending: Spending | undefined;
  /** The most that the request could use, as its budgets were asked for it. */
  bound: TokenBound | undefined;
  /** What the client was told when it was refused. */
  message: string | undefined;
  /** The budget that refused it. */
  refusing: Refusing | undefined;
  /** Its one settlement, once it has begun. */
  settlement: Promise<Settlement> | undefined;
  /** What was asked for and which route and budgets it met; undefined until it is known. */
  selection: Selection | undefined;
  /** It was handed to Envoy to be sent; before that nothing can have cost anything. */
  forwarded = false;
  /** Size of the client's JSON, and whether it asked for a stream. */
  requestBytes = 0;
  stream = false;
  readonly #awaitingReport = new Set<() => void>();
  readonly attempts: SessionAttempt[] = [];
  /** Names of headers that attempts have set in Envoy's header map so far. */
  readonly headersSet = new Set<string>();
  readonly reports: AttemptReport[] = [];
  /** Status that the client got; undefined until known. */
  status: number | undefined;
  outcome: SessionOutcome | undefined;
  /** Cost values last given to Envoy. */
  costs: Readonly<Record<string, number>> = {};
  /** Tokens that the last reply to Envoy added to what it knew: lost if the client left before it arrived. */
  unconfirmedTokens = 0;
  #toldTokens = 0;
  /** How many attempts Envoy says it made; undefined when it did not say. */
  attemptCount: number | undefined;

  constructor(id: string, config: RuntimeConfig, view: RequestView, endpoint: Endpoint, startedMs: number) {
    this.id = id;
    this.config = config;
    this.view = view;
    this.endpoint = endpoint;
    this.startedMs = startedMs;
  }

  /** The client's request has arrived. */
  asks(request: ClientRequest): void {
    this.request = request;
    this.requestBytes = request.raw.length;
    this.stream = request.stream;
  }

  /** Envoy told of an attempt. */
  reported(report: AttemptReport): void {
    this.reports.push(report);
    for (const wake of [...this.#awaitingReport]) wake();
  }

  /** Resolves when Envoy has told of one more attempt, or after `timeoutMs`. */
  nextReport(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#awaitingReport.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#awaitingReport.add(wake);
    });
  }

  /** The total tokens that a reply to Envoy tells. */
  told(totalTokens: number): void {
    this.unconfirmedTokens = Math.max(0, totalTokens - this.#toldTokens);
    this.#toldTokens = totalTokens;
  }

  /** Lets go of everything that is large; what the log line needs stays. */
  release(): void {
    this.request = undefined;
    for (const attempt of this.attempts) attempt.translator = undefined;
  }

  /** The attempt that answers if an answer comes: the last one made. */
  get current(): SessionAttempt | undefined {
    return this.attempts.at(-1);
  }
}
