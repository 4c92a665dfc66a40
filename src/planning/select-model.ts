import type { Headers } from "../core/headers.ts";
import type { Settings } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";

export const modelHeader = "x-ai-eg-model";

/**
 * The model of a request (resources.md §2): header and body in the order of the gateway's mode, else the default.
 * @throws GatewayError `missing_model` (names the models there are), `invalid_header` when the header is repeated
 */
export function selectModel(
  headers: Headers,
  bodyModel: string | undefined,
  settings: Settings,
  models: readonly string[],
): { readonly model: string; readonly warnings: readonly string[] } {
  const sent = headers.all(modelHeader);
  if (sent.length > 1)
    throw new GatewayError("invalid_header", `the header ${modelHeader} was sent ${sent.length} times; send it once`);
  const fromHeader = sent[0] === undefined || sent[0] === "" ? undefined : sent[0];
  const fromBody = bodyModel === "" ? undefined : bodyModel;
  const headerFirst = settings.modelSelection === "HeaderFirst";
  const model = (headerFirst ? (fromHeader ?? fromBody) : (fromBody ?? fromHeader)) ?? settings.defaults.model;
  if (model === undefined) {
    throw new GatewayError(
      "missing_model",
      `no model was named: send "model" in the body or the header ${modelHeader}${describeModels(models)}`,
      { param: "model" },
    );
  }
  const differ = fromHeader !== undefined && fromBody !== undefined && fromHeader !== fromBody;
  return { model, warnings: differ ? ["model_header_and_body_differ"] : [] };
}

/** `; models: a, b, c` for messages, at most 50 names; empty when none is known. */
export function describeModels(models: readonly string[]): string {
  if (models.length === 0) return "";
  const shown = models.slice(0, 50).join(", ");
  return `; the models here are ${shown}${models.length > 50 ? ` and ${models.length - 50} more` : ""}`;
}
