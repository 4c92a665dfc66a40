import type { ClientRequest } from "../core/endpoint.ts";
import { maxOutputTokensOf, mayHideOutput } from "../metering/output-limits.ts";
import { possibleTiers } from "../metering/price.ts";
import type { TokenBound } from "../metering/usage-meter.ts";
import type { PreparedAttempt } from "./attempt.ts";
import type { ExchangeTools } from "./tools.ts";

/** The most that a prepared attempt can use. */
export async function boundOf(
  request: ClientRequest,
  { planned, upstream }: PreparedAttempt,
  tools: Pick<ExchangeTools, "inputTokens">,
): Promise<TokenBound> {
  const { most } = await tools.inputTokens.bound(request, planned.backend.providerName, planned.model);
  const outputTokens = upstream.maxOutputTokens ?? maxOutputTokensOf(planned.model) * request.choices;
  return {
    inputTokens: most,
    outputTokens: Math.min(outputTokens, Number.MAX_SAFE_INTEGER),
    tiers: possibleTiers(request.serviceTier),
    hidesOutput: mayHideOutput(planned.model, request.raw),
  };
}
