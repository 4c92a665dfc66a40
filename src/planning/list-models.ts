import type { ListedModel } from "../core/endpoint.ts";
import type { RouteRule, RuntimeConfig } from "../core/runtime-config.ts";
import { hostMatches, matchRules } from "./match-route.ts";
import type { RequestView } from "./request-view.ts";
import { modelHeader } from "./select-model.ts";

const unknownOwner = "Tollgate";

function listedBy({ modelsOwnedBy, modelsCreatedMs }: RouteRule, id: string): ListedModel {
  return { id, ownedBy: modelsOwnedBy ?? unknownOwner, createdMs: modelsCreatedMs ?? 0 };
}

/**
 * The models that a request to this host can name: those that rules name exactly, in the order of routes and rules, each once; then
 * the default, if some rule here serves it.
 */
export function listModels(config: RuntimeConfig, view: RequestView): readonly ListedModel[] {
  const listed = new Map<string, ListedModel>();
  for (const { hostnames, rules } of config.routes) {
    if (!hostMatches(hostnames, view.host)) continue;
    for (const rule of rules) {
      for (const header of rule.matches.flat()) {
        if (header.type !== "Exact" || header.name !== modelHeader || listed.has(header.value)) continue;
        listed.set(header.value, listedBy(rule, header.value));
      }
    }
  }
  const { model } = config.settings.defaults;
  const [rule] = model === undefined || listed.has(model) ? [] : matchRules(config, view, model);
  if (model !== undefined && rule !== undefined) listed.set(model, listedBy(rule, model));
  return [...listed.values()];
}
