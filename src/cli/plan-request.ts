import { parseNanoUsd } from "../lib/money.ts";
import type { Mix } from "../metering/spending-plan.ts";
import { listOption, type OptionValues, textOption, UsageError } from "./options.ts";

const units = ["Minute", "Hour", "Day", "Week", "Month", "Year"] as const;
export type PlanUnit = (typeof units)[number];

/** What `tollgate plan` was asked. */
export interface PlanRequest {
  readonly budgetNanoUsd: number;
  readonly unit: PlanUnit;
  readonly users: number;
  readonly models: readonly string[];
  readonly mix: Mix;
}

/** @throws UsageError unless it is like `100/day` */
function readBudget(text: string): Pick<PlanRequest, "budgetNanoUsd" | "unit"> {
  const found = /^\$?([^/]+)\/([a-z]+)$/i.exec(text);
  const unit = units.find((known) => known.toLowerCase() === found?.[2]?.toLowerCase());
  const budgetNanoUsd = parseNanoUsd(found?.[1] ?? "");
  if (unit === undefined || budgetNanoUsd === undefined || budgetNanoUsd === 0)
    throw new UsageError(
      `--budget must be dollars per ${units.join(", ").toLowerCase()}, such as 100/day, not ${JSON.stringify(text)}`,
    );
  return { budgetNanoUsd, unit };
}

/** @throws UsageError unless it is like `50/50` */
function readMix(text: string): Mix {
  const found = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const mix = { input: Number(found?.[1]), output: Number(found?.[2]) };
  if (found === null || mix.input + mix.output === 0)
    throw new UsageError(`--mix must be input/output such as 50/50 or 3/1, not ${JSON.stringify(text)}`);
  return mix;
}

/** @throws UsageError */
export function readPlanRequest(values: OptionValues): PlanRequest {
  const budget = textOption(values["budget"]);
  if (budget === undefined) throw new UsageError("say how much may be spent with --budget, such as --budget 100/day");
  const users = textOption(values["users"]) ?? "1";
  if (!/^[1-9]\d{0,6}$/.test(users))
    throw new UsageError(`--users must be a whole number from 1, not ${JSON.stringify(users)}`);
  const models = listOption(values["model"]);
  if (models.length === 0) throw new UsageError("name a model with --model, such as --model gpt-4o");
  return { ...readBudget(budget), users: Number(users), models, mix: readMix(textOption(values["mix"]) ?? "50/50") };
}
