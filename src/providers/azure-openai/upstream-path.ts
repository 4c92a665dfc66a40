import type { BackendOptions } from "../../core/translator.ts";
import { pathSegment } from "../common/path-segment.ts";

/**
 * Where a deployment's chat completions are (translation.md §1.3). The surface `deployments` names it in the path, `v1` finds it by
 * the body's `model` (R31).
 */
export function upstreamPath({ prefix = "", azure = { surface: "v1" } }: BackendOptions, deployment: string): string {
  const query = (azure.apiVersion ?? "") === "" ? "" : `?api-version=${encodeURIComponent(azure.apiVersion ?? "")}`;
  return azure.surface === "v1"
    ? `${prefix}/openai/v1/chat/completions${query}`
    : `${prefix}/openai/deployments/${pathSegment(deployment)}/chat/completions${query}`;
}
