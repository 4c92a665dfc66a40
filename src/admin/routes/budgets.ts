import { accountName } from "../../budgets/account-name.ts";
import type { Standing } from "../../budgets/budget-store.ts";
import { type BudgetReport, reportBudget } from "../../budgets/standing-report.ts";
import type { BudgetRule } from "../../core/budget.ts";
import { jsonAnswer, type Route } from "../route.ts";
import type { AdminSources } from "../sources.ts";

/** So many accounts are asked for at once: one call must stay short in a store that everybody waits for. */
const accountsPerRead = 100;

type Sources = Pick<AdminSources, "budgets" | "accountsOf" | "read">;

async function standingsOf(rule: BudgetRule, { accountsOf, read }: Sources): Promise<readonly Standing[]> {
  const accounts = rule.subject.length === 0 ? [accountName([])] : (accountsOf?.(rule.id) ?? []);
  const standings: Standing[] = [];
  for (let start = 0; start < accounts.length; start += accountsPerRead) {
    const some = accounts.slice(start, start + accountsPerRead).map((account) => ({ budget: rule, account }));
    standings.push(...((await read?.(some)) ?? []));
  }
  return standings;
}

/** `/budgets`: how every account that is known stands now. */
export function budgetsRoute(sources: Sources): Route {
  return {
    path: "/budgets",
    open: false,
    answer: async () => {
      const budgets: BudgetReport[] = [];
      for (const rule of sources.budgets?.().values() ?? [])
        budgets.push(reportBudget(rule, await standingsOf(rule, sources)));
      return jsonAnswer(200, { budgets });
    },
  };
}
