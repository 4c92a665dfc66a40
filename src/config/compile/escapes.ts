import type { CompileContext } from "./context.ts";
import type { Policy } from "./policies.ts";
import { modelHeader } from "./route-matches.ts";

/** A client that leaves an identity header out is not limited (limits.md L10); told once per policy and header. */
export function warnAboutEscapes({ report, settings }: CompileContext, policy: Policy): void {
  const { trustedHeaders, requireIdentity } = settings.identity;
  const told = new Set<string>();
  for (const [rule, { clientSelectors = [] }] of (policy.body.spec.rateLimit?.global.rules ?? []).entries()) {
    for (const [selector, { headers = [] }] of clientSelectors.entries()) {
      for (const [index, { name, type }] of headers.entries()) {
        const header = name.toLowerCase();
        if (type !== "Distinct" || told.has(header) || header === modelHeader) continue;
        if (requireIdentity && trustedHeaders.includes(header)) continue;
        told.add(header);
        const place = ["rules", rule, "clientSelectors", selector, "headers", index, "name"];
        const message = `a request without the header ${name} is not limited by this`;
        const advice = "set identity.requireIdentity in TollgateConfig to refuse such requests";
        report.warning(policy, ["spec", "rateLimit", "global", ...place], `${message}; ${advice}`);
      }
    }
  }
}
