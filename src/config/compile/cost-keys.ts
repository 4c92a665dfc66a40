import type { LimitRule } from "../../core/runtime-config.ts";
import type { Report } from "../report.ts";
import type { CompiledRoute } from "./routes.ts";
import type { CompiledTraffic } from "./traffic.ts";

function keysOf({ requestCost, responseCost }: LimitRule): readonly ["request" | "response", string][] {
  const keys: ["request" | "response", string][] = [];
  if (requestCost.from === "Metadata") keys.push(["request", requestCost.key]);
  if (responseCost?.from === "Metadata") keys.push(["response", responseCost.key]);
  return keys;
}

/** A key that a limit reads and no cost rule of its route writes stays 0, so the limit would count nothing: unresolved (limits.md L4). */
export function checkCostKeys(report: Report, routes: readonly CompiledRoute[], traffic: CompiledTraffic): void {
  const told = new Set<string>();
  for (const rule of routes.flatMap(({ route }) => route.rules)) {
    const written = rule.costs.map(({ metadataKey }) => metadataKey);
    for (const limit of rule.limits) {
      const source = traffic.limits.get(limit.id);
      for (const [phase, key] of keysOf(limit)) {
        if (source === undefined || written.includes(key) || told.has(`${limit.id} ${phase}`)) continue;
        told.add(`${limit.id} ${phase}`);
        const path = ["spec", "rateLimit", "global", "rules", source.index, "cost", phase, "metadata", "key"];
        const advice = `add it to an LLMRequestCost in namespace ${rule.routeId.split("/")[0]}, or use one of ${written.join(", ")}`;
        report.unresolved(
          source.policy,
          path,
          `no cost rule of ${rule.routeId} writes ${JSON.stringify(key)}, so this limit would count nothing; ${advice}`,
        );
      }
    }
  }
}
