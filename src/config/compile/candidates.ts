import type { HeaderMatch, RouteCandidate } from "../../core/runtime-config.ts";
import type { Report } from "../report.ts";
import type { CompiledRoute } from "./routes.ts";

const exactCount = (match: readonly HeaderMatch[]): number => match.filter(({ type }) => type === "Exact").length;

/**
 * Every match of every rule in Gateway API order: more header matches first, Exact before regular expressions, then the order of
 * `routes` (older, then name) and of the rules as written (limits.md §0).
 */
export function compileCandidates(routes: readonly CompiledRoute[]): readonly RouteCandidate[] {
  const candidates = routes.flatMap(({ route }) =>
    route.rules.flatMap((rule) => {
      const matches = rule.matches.length === 0 ? [[]] : rule.matches;
      return matches.map((match): RouteCandidate => ({ hostnames: route.hostnames, match, rule }));
    }),
  );
  // the sort is stable
  return candidates.sort((a, b) => b.match.length - a.match.length || exactCount(b.match) - exactCount(a.match));
}

const sameName = (hostnames: readonly string[]): string => [...hostnames].sort().join(" ");

function keyOf(candidate: RouteCandidate): string {
  const headers = candidate.match.map(
    (match) => `${match.type} ${match.name} ${match.type === "Exact" ? match.value : match.source}`,
  );
  return `${sameName(candidate.hostnames)}\n${headers.sort().join("\n")}`;
}

/** Two routes with the same match: the first serves, and the limits of both apply (limits.md §0). */
export function warnAboutOverlaps(
  candidates: readonly RouteCandidate[],
  routes: readonly CompiledRoute[],
  report: Report,
): void {
  const first = new Map<string, RouteCandidate>();
  const told = new Set<string>();
  for (const candidate of candidates) {
    const key = keyOf(candidate);
    const { routeId } = candidate.rule;
    const earlier = first.get(key)?.rule.routeId;
    if (earlier === undefined) first.set(key, candidate);
    if (earlier === undefined || earlier === routeId || told.has(`${earlier} ${routeId}`)) continue;
    told.add(`${earlier} ${routeId}`);
    const resource = routes.find(({ route }) => route.id === routeId)?.resource;
    const what =
      candidate.match
        .map((match) => `${match.name}: ${match.type === "Exact" ? match.value : match.source}`)
        .join(", ") || "every request";
    if (resource !== undefined)
      report.warning(
        resource,
        ["metadata", "name"],
        `AIGatewayRoute ${earlier} matches the same requests (${what}) and serves them; the limits of both apply`,
      );
  }
}
