import type { AttemptInput, UpstreamRequest } from "../../../core/translator.ts";
import { contentCodings } from "../../../lib/content-codings.ts";
import { applyEdits, streamOptionsWithUsage, topLevelEdits } from "../../../lib/json-edit.ts";
import { type JsonMember, scanObject } from "../../../lib/json-scanner.ts";

/**
 * The client's request for an OpenAI-shaped API: its own bytes, edited only where the model's name differs or where usage
 * must be asked for (translation.md §6.1, R1–R6).
 */
export function upstreamRequest(input: AttemptInput, forcesUsage: boolean, path: string): UpstreamRequest {
  const isCompressed = contentCodings(input.clientHeaders.get("content-encoding")).length > 0;
  return {
    path,
    headers: {
      set: { "content-type": "application/json", "accept-encoding": "identity" },
      remove: isCompressed ? ["content-encoding"] : [],
    },
    body: editedBody(input, forcesUsage) ?? (isCompressed ? input.request.raw : undefined),
    warnings: [],
    maxOutputTokens: maxOutputTokens(input.request),
  };
}

/** Every choice may be as long as the maximum; of several the largest, because this provider may go by any of them. */
function maxOutputTokens({
  maxOutputTokens: most,
  outputLimits,
  choices,
}: AttemptInput["request"]): number | undefined {
  return most === undefined ? undefined : Math.max(most, ...Object.values(outputLimits ?? {})) * choices;
}

function editedBody({ request, model }: AttemptInput, forcesUsage: boolean): Uint8Array | undefined {
  const renames = model !== request.model;
  if (!renames && !forcesUsage) return undefined;
  const members: readonly JsonMember[] = scanObject(request.raw) ?? [];
  const values: Record<string, string> = {};
  if (renames) values["model"] = JSON.stringify(model);
  if (forcesUsage) values["stream_options"] = streamOptionsWithUsage(request.raw, members);
  return applyEdits(request.raw, topLevelEdits(request.raw, members, values));
}
