import type { ClientRequest } from "../core/endpoint.ts";
import type { PlannedAttempt } from "../core/request-plan.ts";
import { upstreamModel } from "../core/upstream-model.ts";
import { maxOutputTokensOf } from "../metering/output-limits.ts";
import { mostNanoUsd, possibleTiers } from "../metering/price.ts";
import { matchRules } from "../planning/match-route.ts";
import { quoteOf } from "./quote.ts";
import type { Session } from "./session.ts";

/** More models are not looked at: a refusal must stay cheap. */
const maxModels = 50;

/** The most that a model may cost at its cheapest backend: dearer ones are left out of a plan that does not fit. Undefined = nobody knows. */
function mostOfModel(session: Session, request: ClientRequest, model: string, inputTokens: number): number | undefined {
  const tiers = possibleTiers(request.serviceTier);
  const [rule] = matchRules(session.config, session.view, model);
  let most: number | undefined;
  for (const ref of rule?.backends ?? []) {
    const backend = session.config.backends.get(ref.backendId);
    if (backend === undefined || backend.unusable !== undefined) continue;
    const planned: PlannedAttempt = { backend, ref, model: upstreamModel(backend, ref, model) };
    const quote = quoteOf(session, planned);
    if (!quote.known) continue;
    const outputTokens = (request.maxOutputTokens ?? maxOutputTokensOf(planned.model)) * request.choices;
    most = Math.min(most ?? Number.MAX_SAFE_INTEGER, mostNanoUsd(quote.price, inputTokens, outputTokens, tiers));
  }
  return most;
}

/** Of the models that the request could name instead the dearest that fits into what remains (limits.md L36). */
export function cheaperModel(
  session: Session,
  request: ClientRequest,
  inputTokens: number,
  remainingNanoUsd: bigint,
): string | undefined {
  let found: { readonly model: string; readonly most: number } | undefined;
  for (const model of session.config.models.slice(0, maxModels)) {
    const most = mostOfModel(session, request, model, inputTokens);
    if (most === undefined || BigInt(most) > remainingNanoUsd) continue;
    if (found === undefined || most > found.most) found = { model, most };
  }
  return found?.model;
}
