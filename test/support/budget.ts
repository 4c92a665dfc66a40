import type { Receipt } from "../../src/budgets/receipt.ts";
import type { AccountReport, BudgetReport } from "../../src/budgets/standing-report.ts";
import { adminToken, type Stack } from "./stack.ts";
import { until } from "./wait.ts";

export interface BudgetSpec {
  readonly amount: string | number;
  readonly unit?: string;
  /** Headers of the subject. */
  readonly subject?: readonly string[];
  readonly enforcement?: string;
  /** Further members of the spec as YAML lines, `tiers: […]`. */
  readonly more?: readonly string[];
  readonly window?: string;
}

/** A Budget of the route `llm-route`. */
export function budgetYaml(name: string, spec: BudgetSpec): string {
  const { amount, unit = "USD", subject = ["x-user-id"], enforcement = "Hard", more = [], window } = spec;
  return `
apiVersion: tollgate.dev/v1alpha1
kind: Budget
metadata: {name: ${name}, namespace: ai-services}
spec:
  targetRefs: [{kind: AIGatewayRoute, name: llm-route}]
  subject: [${subject.map((header) => `{header: ${header}}`).join(", ")}]
  limit: {amount: "${amount}", unit: ${unit}}
  window: ${window ?? "{every: Day}"}
  enforcement: ${enforcement}
${more.map((line) => `  ${line}\n`).join("")}`;
}

/** A gateway in this process, or one elsewhere. */
type Administered = Pick<Stack, "gateway"> | { readonly adminUrl: string };

function adminUrl(at: Administered): string {
  return "adminUrl" in at ? at.adminUrl : `http://127.0.0.1:${at.gateway.adminPort}`;
}

/** How an account stands, by the admin port. Amounts as it tells them. */
export async function standingOf(at: Administered, budget: string, account: string): Promise<AccountReport> {
  const url = `${adminUrl(at)}/budgets/ai-services/${budget}/accounts/${encodeURIComponent(account)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${adminToken}` } });
  const { accounts } = (await response.json()) as BudgetReport;
  const [report] = accounts;
  if (report === undefined) throw new Error(`no account ${account} in ${url}`);
  return report;
}

/** The same, once nothing is held any more. */
export function settled(at: Administered, budget: string, account: string): Promise<AccountReport> {
  return until(`what ${account} holds on ${budget} to be settled`, async () => {
    const report = await standingOf(at, budget, account);
    return Number(report.held) === 0 ? report : undefined;
  });
}

/** The receipt of a request, by its `x-request-id`, once it is there. */
export function receiptOf(at: Administered, requestId: string): Promise<Receipt> {
  return until(`the receipt of ${requestId}`, () => findReceipt(at, requestId));
}

/** Undefined = there is none. */
export async function findReceipt(at: Administered, requestId: string): Promise<Receipt | undefined> {
  const response = await fetch(`${adminUrl(at)}/receipts/${requestId}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return response.status === 200 ? ((await response.json()) as Receipt) : undefined;
}
