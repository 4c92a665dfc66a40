import type { RouteCandidate, Settings } from "../../core/runtime-config.ts";
import { tollgateConfig } from "../dialects/tollgate/tollgate-config.ts";
import type { Report } from "../report.ts";
import type { ResourceSet } from "../resource.ts";
import { modelHeader } from "./route-matches.ts";

/** A request that only names this model finds a route. */
function isRoutable(model: string, candidates: readonly RouteCandidate[]): boolean {
  return candidates.some(({ match }) =>
    match.every(
      (header) =>
        header.name === modelHeader && (header.type === "Exact" ? header.value === model : header.pattern.test(model)),
    ),
  );
}

/** The models that a request can name: those that routes name exactly and the default, sorted. */
export function compileModels(
  candidates: readonly RouteCandidate[],
  settings: Settings,
  resources: ResourceSet,
  report: Report,
): readonly string[] {
  const models = new Set<string>();
  for (const header of candidates.flatMap(({ match }) => match)) {
    if (header.type === "Exact" && header.name === modelHeader) models.add(header.value);
  }
  const { model } = settings.defaults;
  if (model !== undefined && isRoutable(model, candidates)) models.add(model);
  else if (model !== undefined) {
    const [config] = resources.all(tollgateConfig);
    if (config !== undefined)
      report.warning(
        config,
        ["spec", "defaults", "model"],
        `no route serves ${model}; requests without a model will be refused`,
      );
  }
  return [...models].sort();
}
