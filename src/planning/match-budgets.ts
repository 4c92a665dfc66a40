import { accountName } from "../budgets/account-name.ts";
import type { BudgetMatch, BudgetRule } from "../core/budget.ts";
import type { Headers } from "../core/headers.ts";
import type { AppliedBudget } from "../core/request-plan.ts";
import { GatewayError } from "../lib/errors.ts";
import { modelHeader } from "./select-model.ts";

/** What budgets see of a request. `model` is the requested one: before a tier changes it, before any override of a backend. */
export interface BudgetView {
  readonly headers: Pick<Headers, "all">;
  readonly model: string;
}

/** Accounts are kept by their names, for as long as a window or longer. */
const maxIdentityLength = 1_024;

/**
 * The value of an identity header; undefined = missing or empty.
 * @throws GatewayError `invalid_header` when it is repeated or very long: it names who pays
 */
function identityOf(name: string, { headers, model }: BudgetView): string | undefined {
  const values = name === modelHeader ? [model] : headers.all(name);
  if (values.length > 1) {
    throw new GatewayError(
      "invalid_header",
      `the header ${name} was sent ${values.length} times; it names an account, so send it once`,
    );
  }
  const [value] = values;
  if (value !== undefined && value.length > maxIdentityLength) {
    throw new GatewayError(
      "invalid_header",
      `the header ${name} is longer than ${maxIdentityLength} characters; it names an account`,
    );
  }
  return value === "" ? undefined : value;
}

function isModel(pattern: string, model: string): boolean {
  return pattern.endsWith("*") ? model.startsWith(pattern.slice(0, -1)) : model === pattern;
}

function matches(match: BudgetMatch, view: BudgetView): boolean {
  return match.kind === "model" ? isModel(match.model, view.model) : identityOf(match.name, view) === match.value;
}

/**
 * The budgets that a request pays from, and the account of each (limits.md §3). A subject's header that is missing counts for
 * one shared account, never for none (L38).
 * @throws GatewayError `invalid_header` when a header that names an account is repeated or very long
 */
export function matchBudgets(budgets: readonly BudgetRule[], view: BudgetView): readonly AppliedBudget[] {
  return budgets
    .filter((budget) => budget.match.every((match) => matches(match, view)))
    .map((rule) => {
      const subject = rule.subject.map((name) => identityOf(name, view));
      return { rule, account: accountName(subject), anonymous: subject.includes(undefined) };
    });
}
