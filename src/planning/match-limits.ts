import type { AppliedLimit } from "../core/request-plan.ts";
import type { LimitRule, LimitSelector } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";
import { encodeAccount } from "../ratelimit/account.ts";
import { inCidr } from "./cidr.ts";
import type { RequestView } from "./request-view.ts";
import { modelHeader } from "./select-model.ts";

/** A request with its resolved model. */
export type LimitView = RequestView & { readonly model: string };

/** What a selector makes of a request: a part of the account, a match without a part, no match, or nothing to match on. */
type Selected = { readonly part: string } | "match" | "no-match" | "absent";

function headerValue(name: string, view: LimitView): string | undefined {
  return name === modelHeader ? view.model : view.headers.get(name);
}

function identityValue(name: string, view: LimitView): string | undefined {
  const values = name === modelHeader ? [view.model] : view.headers.all(name);
  if (values.length > 1) {
    throw new GatewayError(
      "invalid_header",
      `the header ${name} was sent ${values.length} times; it names an account, so send it once`,
    );
  }
  return values[0] === "" ? undefined : values[0];
}

function matched(value: boolean): Selected {
  return value ? "match" : "no-match";
}

/** Whole path elements, as in Gateway API: `/v1/chat` covers `/v1/chat/completions` and not `/v1/chatter`. */
function hasPrefix(path: string, prefix: string): boolean {
  const elements = prefix.replace(/\/$/, "");
  return path === elements || path.startsWith(`${elements}/`);
}

function isPath({ type, value }: LimitSelector & { readonly kind: "path" }, path: string): boolean {
  if (type === "Exact") return path === value;
  if (type === "Prefix") return hasPrefix(path, value);
  return new RegExp(`^(?:${value})$`).test(path);
}

function select(selector: LimitSelector, view: LimitView): Selected {
  switch (selector.kind) {
    case "header": {
      if (selector.type === "Distinct") {
        const value = identityValue(selector.name, view);
        return value === undefined ? "absent" : { part: value };
      }
      const value = headerValue(selector.name, view);
      if (value === undefined) return selector.invert ? "match" : "absent";
      const same = selector.type === "Exact" ? value === selector.value : selector.pattern.test(value);
      return matched(same !== selector.invert);
    }
    case "sourceCIDR": {
      if (view.sourceAddress === undefined) return "absent";
      if (!inCidr(view.sourceAddress, selector.cidr)) return "no-match";
      return selector.type === "Distinct" ? { part: view.sourceAddress } : "match";
    }
    case "methods":
      return matched(selector.methods.some(({ value, invert }) => (view.method === value) !== invert));
    case "path":
      return matched(isPath(selector, view.path) !== selector.invert);
  }
}

/**
 * Which rules limit this request, and whom they count (limits.md L10). A rule whose selectors do not all apply does not limit;
 * those that only lacked something to match on are told apart, because a client could escape by leaving a header out.
 * @throws GatewayError `invalid_header` when a header that names an account is repeated
 */
export function matchLimits(
  rules: readonly LimitRule[],
  view: LimitView,
): { readonly applied: readonly AppliedLimit[]; readonly withoutAccount: readonly LimitRule[] } {
  const applied: AppliedLimit[] = [];
  const withoutAccount: LimitRule[] = [];
  for (const rule of rules) {
    const selected = rule.selectors.map((selector) => select(selector, view));
    if (selected.includes("no-match")) continue;
    if (selected.includes("absent")) {
      withoutAccount.push(rule);
      continue;
    }
    const parts = selected.flatMap((one) => (typeof one === "object" ? [one.part] : []));
    applied.push({ rule, account: encodeAccount(parts) });
  }
  return { applied, withoutAccount };
}
