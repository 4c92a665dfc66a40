import type { Backend, BackendRef } from "./runtime-config.ts";

/**
 * The name sent upstream: the route's, then the backend's for this model, then the backend's for all, then the vendor's default
 * for a model of another vendor, then the client's.
 */
export function upstreamModel(backend: Backend, ref: BackendRef, model: string): string {
  const configured = ref.modelNameOverride ?? backend.models.get(model) ?? backend.modelNameOverride;
  if (configured !== undefined) return configured;
  return backend.fallback?.foreignModels.test(model) ? backend.fallback.model : model;
}
