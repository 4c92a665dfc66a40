import { reportBudget } from "../../budgets/standing-report.ts";
import type { BudgetRule } from "../../core/budget.ts";
import { type Answer, errorAnswer, jsonAnswer, type Route } from "../route.ts";
import type { AdminSources } from "../sources.ts";

type Sources = Pick<AdminSources, "budgets" | "read">;

function unknownBudget(name: string, budgets: ReadonlyMap<string, BudgetRule>): Answer {
  const known = budgets.size === 0 ? "there are none" : `there are ${[...budgets.keys()].join(", ")}`;
  return errorAnswer(404, "unknown_budget", `there is no budget ${JSON.stringify(name.slice(0, 128))}; ${known}`);
}

async function answerAccount(rule: BudgetRule, account: string, { read }: Sources): Promise<Answer> {
  const standings = (await read?.([{ budget: rule, account }])) ?? [];
  return jsonAnswer(200, reportBudget(rule, standings));
}

/** One account, whether it was ever used or not. `key` is the account's name (budgets/account-name.ts), percent-encoded once more. */
export function accountRoute(sources: Sources): Route {
  return {
    path: "/budgets/{namespace}/{name}/accounts/{key}",
    open: false,
    answer: async ([namespace = "", name = "", key = ""]) => {
      const budgets = sources.budgets?.() ?? new Map<string, BudgetRule>();
      const id = `${namespace}/${name}`;
      const rule = budgets.get(id);
      return rule === undefined ? unknownBudget(id, budgets) : await answerAccount(rule, key, sources);
    },
  };
}

/** The same by the budget's name alone, where one namespace has it. */
export function accountByNameRoute(sources: Sources): Route {
  return {
    path: "/budgets/{name}/accounts/{key}",
    open: false,
    answer: async ([name = "", key = ""]) => {
      const budgets = sources.budgets?.() ?? new Map<string, BudgetRule>();
      const [rule, another] = [...budgets.values()].filter(({ id }) => id.endsWith(`/${name}`));
      if (rule === undefined) return unknownBudget(name, budgets);
      if (another === undefined) return await answerAccount(rule, key, sources);
      const message = `more than one namespace has a budget ${name}: name it as ${rule.id} or ${another.id}`;
      return errorAnswer(409, "ambiguous_budget", message);
    },
  };
}
