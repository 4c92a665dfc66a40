import type { BudgetRule } from "./budget.ts";
import type { Backend, BackendRef, CostRule, LimitRule, RouteRule } from "./runtime-config.ts";

/** What is known of a request when it is planned. */
export interface PlannedAttempt {
  readonly backend: Backend;
  readonly ref: BackendRef;
  /** Model name that goes upstream. */
  readonly model: string;
}

export interface AppliedLimit {
  readonly rule: LimitRule;
  /** See ratelimit/account.ts: always a non-empty string. */
  readonly account: string;
}

/** A budget that a request pays from. */
export interface AppliedBudget {
  readonly rule: BudgetRule;
  /** See budgets/account-name.ts. */
  readonly account: string;
  /** A header of the subject is missing, so that a shared account pays. */
  readonly anonymous: boolean;
}

/** Why a backend of the rule is not in the plan. */
export interface DroppedBackend {
  readonly backendId: string;
  readonly reason: string;
}

/** Everything that was decided about one request before it is translated. */
export interface RequestPlan {
  /** The resolved model: what routes, limits and costs see. */
  readonly model: string;
  /** What the client asked for, where a budget's tier made it another model. */
  readonly requestedModel: string;
  readonly rule: RouteRule;
  /** In order; attempt n goes to the n-th. Never empty. */
  readonly attempts: readonly PlannedAttempt[];
  readonly limits: readonly AppliedLimit[];
  /** Rules that were meant for this request but found no account (a selector's header is missing). */
  readonly withoutAccount: readonly LimitRule[];
  readonly budgets: readonly AppliedBudget[];
  readonly costs: readonly CostRule[];
  readonly dropped: readonly DroppedBackend[];
  /** Codes for `x-ai-gateway-warnings`. */
  readonly warnings: readonly string[];
}
