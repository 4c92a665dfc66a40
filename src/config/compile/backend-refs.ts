import type { Backend, BackendRef, HeaderMatch } from "../../core/runtime-config.ts";
import type { Path } from "../diagnostics.ts";
import type { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import { aiServiceBackend } from "../dialects/ai-gateway/ai-service-backend.ts";
import { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { resolveReference } from "../references.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";
import { compileHeaderMutation } from "./header-mutation.ts";
import { modelHeader } from "./route-matches.ts";

type Route = ResourceOf<typeof aiGatewayRoute>;
type WrittenRef = Route["body"]["spec"]["rules"][number]["backendRefs"][number];

const backendKinds: readonly KindDefinition<unknown>[] = [aiBackend, aiServiceBackend];

/** The models that the rule names exactly. */
export function exactModels(matches: readonly (readonly HeaderMatch[])[]): readonly string[] {
  return matches.flat().flatMap((match) => (match.type === "Exact" && match.name === modelHeader ? [match.value] : []));
}

/** A backend of another vendor than the model's is sent that vendor's own default model; told at loading (resources.md §2). */
function warnAboutModels(
  context: CompileContext,
  route: Route,
  path: Path,
  ref: BackendRef,
  backend: Backend,
  models: readonly string[],
): void {
  if (ref.weight === 0 || ref.modelNameOverride !== undefined || backend.modelNameOverride !== undefined) return;
  for (const model of new Set(models)) {
    if (backend.models.has(model) || backend.fallback?.foreignModels.test(model) !== true) continue;
    const { model: sent } = backend.fallback;
    context.report.warning(
      route,
      path,
      `${backend.providerName} does not serve ${model}; it is sent ${sent} instead. To choose, set modelNameOverride here`,
    );
  }
}

/** Priorities become ranks from 0 without gaps; a backend that is not there keeps its place, and the plan says that it is missing. */
export function compileBackendRefs(
  context: CompileContext,
  route: Route,
  path: Path,
  written: readonly WrittenRef[],
  backends: ReadonlyMap<string, Backend>,
  models: readonly string[],
): readonly BackendRef[] {
  const { resources, report } = context;
  const priorities = [...new Set(written.map(({ priority = 0 }) => priority))].sort((a, b) => a - b);
  return written.map((ref, index) => {
    const namePath = [...path, index, "name"];
    const resolved = resolveReference(backendKinds, ref, route, namePath, resources, report);
    if (resolved.state === "missing") report.unresolved(route, namePath, `${resolved.reason}; add it`);
    if (ref.bodyMutation !== undefined) report.warning(route, [...path, index, "bodyMutation"], "is not applied yet");
    const compiled: BackendRef = {
      backendId: resolved.state === "found" ? resolved.resource.id : `${ref.namespace ?? route.namespace}/${ref.name}`,
      priority: priorities.indexOf(ref.priority ?? 0),
      weight: ref.weight ?? 1,
      modelNameOverride: ref.modelNameOverride,
      headerMutation: compileHeaderMutation(ref.headerMutation),
    };
    const backend = backends.get(compiled.backendId);
    if (backend !== undefined) warnAboutModels(context, route, namePath, compiled, backend, models);
    return compiled;
  });
}
