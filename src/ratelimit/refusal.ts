import type { LimitRule } from "../core/runtime-config.ts";
import { utf8Bytes } from "../lib/bytes.ts";
import type { ErrorCode } from "../lib/errors.ts";
import { formatUsd } from "../lib/money.ts";
import { decodeAccount } from "./account.ts";
import type { LimitVerdict } from "./limiter.ts";

/** Whom a rule counted, in words: `x-user-id "ada"`; `everybody together` for a rule without Distinct selectors. */
export function describeAccount(rule: LimitRule, account: string): string {
  const values = [...(decodeAccount(account) ?? [])];
  const named: string[] = [];
  for (const selector of rule.selectors) {
    if (selector.kind === "header" && selector.type === "Distinct")
      named.push(`${selector.name} ${JSON.stringify(values.shift() ?? "")}`);
    else if (selector.kind === "sourceCIDR" && selector.type === "Distinct")
      named.push(`address ${values.shift() ?? ""}`);
    else if (selector.kind === "header" && selector.type === "Exact")
      named.push(`${selector.name} ${selector.invert ? "other than " : ""}${JSON.stringify(selector.value)}`);
  }
  return named.length === 0 ? "everybody together" : named.join(", ");
}

const nanoPerMicro = 1_000;

/** `1250 of 1000`, or `$1.25 of $1.00` where the limit counts dollars. */
function describeUse({ item, used, limit }: LimitVerdict): string {
  const amount = (value: number): string =>
    item.rule.costUnit === "MicroUsd" ? `$${formatUsd(value * nanoPerMicro)}` : String(value);
  return `${amount(used)} of ${amount(limit)}`;
}

/** The whole seconds until a window ends, at least 1. */
export function retryAfterSeconds(verdict: LimitVerdict, nowMs: number): number {
  return Math.max(1, Math.ceil((verdict.resetsAtMs - nowMs) / 1_000));
}

/** Why something is refused, in words for the client; `what` names the limit in them. */
export function describeRefusal(what: string, verdict: LimitVerdict, nowMs: number): string {
  const { item, storeAway, unit, resetsAtMs } = verdict;
  if (storeAway)
    return `${what}: the store of this limit cannot be reached, and the limit refuses requests meanwhile; try again in a moment`;
  return (
    `${what} is used up for ${describeAccount(item.rule, item.account)}: ${describeUse(verdict)} per ${unit.toLowerCase()} used; ` +
    `it resets at ${new Date(resetsAtMs).toISOString()}, in ${retryAfterSeconds(verdict, nowMs)} seconds`
  );
}

/** The refusal's JSON body in the openai dialect (limits.md L16); the router's exchange re-renders it for others. */
export function refusalBody(verdict: LimitVerdict, nowMs: number): Uint8Array {
  const message = describeRefusal(`the limit ${verdict.item.rule.label}`, verdict, nowMs);
  const code: ErrorCode = verdict.storeAway ? "store_unavailable" : "token_budget_exceeded";
  return utf8Bytes(JSON.stringify({ error: { message, type: "rate_limit_error", param: null, code } }));
}
