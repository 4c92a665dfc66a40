import type { LimitRule, Settings } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";
import type { RequestView } from "./request-view.ts";

/**
 * Refuses a request that leaves out an identity header by which a limit counts (limits.md L38), where the operator wants that.
 * `withoutAccount`: the rules that found nobody to count.
 * @throws GatewayError `identity_required`
 */
export function requireIdentity(settings: Settings, withoutAccount: readonly LimitRule[], view: RequestView): void {
  const { requireIdentity: required, trustedHeaders } = settings.identity;
  if (!required) return;
  for (const rule of withoutAccount) {
    for (const selector of rule.selectors) {
      if (selector.kind !== "header" || selector.type !== "Distinct") continue;
      if (!trustedHeaders.includes(selector.name) || (view.headers.get(selector.name) ?? "") !== "") continue;
      throw new GatewayError(
        "identity_required",
        `the header ${selector.name} is required here: ${rule.label} counts by it`,
      );
    }
  }
}
