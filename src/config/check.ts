import { aiGatewayRoute } from "./dialects/ai-gateway/ai-gateway-route.ts";
import { aiServiceBackend } from "./dialects/ai-gateway/ai-service-backend.ts";
import { httpRoute } from "./dialects/gateway-api/http-route.ts";
import { tollgateConfig } from "./dialects/tollgate/tollgate-config.ts";
import { aiBackend } from "./dialects/tutorial/ai-backend.ts";
import { llmRequestCost } from "./dialects/tutorial/llm-request-cost.ts";
import type { Report } from "./report.ts";
import type { Resource, ResourceSet } from "./resource.ts";

const place = (resource: Resource<unknown>): string => `${resource.file}:${resource.locate(["metadata", "name"]).line}`;

/** Duplicates that are between resources; those inside one are its schema's matter. */
export function checkDuplicates(resources: ResourceSet, report: Report): void {
  for (const resource of resources.all(aiServiceBackend)) {
    const other = resources.get(aiBackend, resource.id);
    if (other === undefined) continue;
    report.error(
      resource,
      ["metadata", "name"],
      `AIBackend ${resource.id} in ${place(other)} has this name already; routes could not tell them apart`,
    );
  }
  for (const extra of resources.all(tollgateConfig).slice(1)) {
    report.error(extra, ["metadata", "name"], "there is a TollgateConfig already; write all settings into one");
  }
  checkCostKeys(resources, report);
}

/** HTTPRoutes that no AIGatewayRoute makes are not served; told, so that nobody waits for them. */
export function tellPlainRoutes(resources: ResourceSet, report: Report): void {
  for (const resource of resources.all(httpRoute)) {
    if (resources.get(aiGatewayRoute, resource.id) !== undefined) continue;
    report.info(resource, ["kind"], "only AIGatewayRoutes are served; this route has no effect");
  }
}

/** limits.md L4: one key is written by one LLMRequestCost of a namespace. */
function checkCostKeys(resources: ResourceSet, report: Report): void {
  const writers = new Map<string, Resource<unknown>>();
  for (const resource of resources.all(llmRequestCost)) {
    for (const [index, { metadataKey }] of resource.body.spec.llmRequestCosts.entries()) {
      const key = `${resource.namespace} ${metadataKey}`;
      const earlier = writers.get(key);
      if (earlier === undefined) writers.set(key, resource);
      else {
        const message = `${JSON.stringify(metadataKey)} is written by LLMRequestCost ${earlier.id} in ${place(earlier)} already; keep one of them`;
        report.error(resource, ["spec", "llmRequestCosts", index, "metadataKey"], message);
      }
    }
  }
}
