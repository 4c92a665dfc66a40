import type { HeaderMatch, RouteCandidate, RouteRule, RuntimeConfig } from "../core/runtime-config.ts";
import type { RequestView } from "./request-view.ts";
import { modelHeader } from "./select-model.ts";

/** Whether a route's host names cover the request's host. `*.example.com` covers one or more labels. */
export function hostMatches(hostnames: readonly string[], host: string): boolean {
  if (hostnames.length === 0) return true;
  return hostnames.some((name) =>
    name.startsWith("*.") ? host.endsWith(name.slice(1)) && host.length > name.length - 1 : name === host,
  );
}

function headerMatches(match: HeaderMatch, view: RequestView, model: string): boolean {
  const value = match.name === modelHeader ? model : view.headers.get(match.name);
  if (value === undefined) return false;
  return match.type === "Exact" ? value === match.value : match.pattern.test(value);
}

function candidateMatches(candidate: RouteCandidate, view: RequestView, model: string): boolean {
  return (
    hostMatches(candidate.hostnames, view.host) && candidate.match.every((match) => headerMatches(match, view, model))
  );
}

/**
 * Every rule that matches, the one that serves first. Candidates stand in the order of preference already
 * (limits.md §0), so the first match wins; the limits of the others apply too.
 */
export function matchRules(config: RuntimeConfig, view: RequestView, model: string): readonly RouteRule[] {
  const rules = new Set<RouteRule>();
  for (const candidate of config.candidates) {
    if (!rules.has(candidate.rule) && candidateMatches(candidate, view, model)) rules.add(candidate.rule);
  }
  return [...rules];
}
