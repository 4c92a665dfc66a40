import type { LimitSelector } from "../../core/runtime-config.ts";
import type { RateLimitRule } from "../dialects/gateway-api/rate-limit.ts";
import { compilePattern } from "../values/regular-expression.ts";

type ClientSelector = NonNullable<RateLimitRule["clientSelectors"]>[number];
type Header = NonNullable<ClientSelector["headers"]>[number];

function header({ name: written, type = "Exact", value = "", invert = false }: Header): LimitSelector {
  const name = written.toLowerCase();
  if (type === "Distinct") return { kind: "header", type, name };
  if (type === "Exact") return { kind: "header", type, name, value, invert };
  const compiled = compilePattern(value);
  // the schema has refused what does not compile
  return "error" in compiled
    ? { kind: "header", type: "Exact", name, value, invert }
    : { kind: "header", type, name, ...compiled, invert };
}

/**
 * All of a rule's selectors, in the order written (limits.md L10). Names in lower case. Everything is ANDed, also several
 * clientSelectors (Envoy Gateway: all individual select conditions must hold); only the methods of one are ORed.
 */
export function compileSelectors(rule: Pick<RateLimitRule, "clientSelectors">): readonly LimitSelector[] {
  return (rule.clientSelectors ?? []).flatMap(({ headers = [], sourceCIDR, methods = [], path }) => {
    const selectors: LimitSelector[] = headers.map(header);
    if (sourceCIDR !== undefined)
      selectors.push({ kind: "sourceCIDR", type: sourceCIDR.type ?? "Exact", cidr: sourceCIDR.value });
    if (methods.length > 0)
      selectors.push({
        kind: "methods",
        methods: methods.map(({ value, invert = false }) => ({ value: value.toUpperCase(), invert })),
      });
    if (path !== undefined) {
      const { type = "PathPrefix", value, invert = false } = path;
      selectors.push({ kind: "path", type: type === "PathPrefix" ? "Prefix" : type, value, invert });
    }
    return selectors;
  });
}
