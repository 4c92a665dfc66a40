import { emptyPatch } from "../core/headers.ts";
import type { PlannedAttempt } from "../core/request-plan.ts";
import { upstreamModel } from "../core/upstream-model.ts";
import type { Peer, StreamHandler } from "../grpc/server.ts";
import { GatewayError } from "../lib/errors.ts";
import { finishAttempt, headersAfter, prepareAttempt, prepareBounded, requireSendable } from "./attempt.ts";
import { boundOf } from "./bounds.ts";
import { coverAttempt } from "./cover.ts";
import { beginAttempt } from "./forward-request.ts";
import type { ProcessingRequest, ProcessingResponse } from "./messages.ts";
import { mustBeBounded } from "./offers.ts";
import type { Session } from "./session.ts";
import type { ExchangeTools } from "./tools.ts";
import { attribute, headerMutation, immediateReply, metadataString, toStruct } from "./wire.ts";

const clusterAttribute = "xds.cluster_name";
const backendAttribute = "xds.cluster_metadata.filter_metadata['aigateway.envoy.io']['per_route_rule_backend_name']";

/**
 * The exchange of one upstream attempt (U). Envoy opens it when it goes to another backend than the one that the router's
 * exchange translated for; it answers with the client's original request as this backend wants it.
 */
export class AttemptExchange implements StreamHandler<ProcessingRequest> {
  readonly #tools: ExchangeTools;
  readonly #peer: Peer<ProcessingResponse>;

  constructor(tools: ExchangeTools, peer: Peer<ProcessingResponse>) {
    this.#tools = tools;
    this.#peer = peer;
  }

  async message(request: ProcessingRequest): Promise<void> {
    if (request.request_headers === undefined) return;
    const id = metadataString(request, "tollgate.session", "id");
    const session = id === undefined ? undefined : this.#tools.sessions.find(id);
    try {
      if (session === undefined)
        throw new GatewayError("gateway_unavailable", "the gateway no longer knows this request; send it again");
      this.#peer.send(await this.#replace(session, request));
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      if (error.code === "internal_error")
        this.#tools.logger.error({ err: error.cause, session: id }, "attempt failed");
      const endpoint = session?.endpoint ?? this.#tools.endpoints[0];
      this.#peer.send({
        immediate_response: immediateReply(error, endpoint?.errorBody(error) ?? new Uint8Array(0), {}),
      });
    }
  }

  ended(): void {
    // the session belongs to the router's exchange
  }

  async #replace(session: Session, message: ProcessingRequest): Promise<ProcessingResponse> {
    const backendId =
      attribute(message, backendAttribute)?.stringValue ?? attribute(message, clusterAttribute)?.stringValue ?? "";
    const { request } = session;
    if (request === undefined) throw requestEnded();
    const planned = plannedFor(session, backendId);
    const { headers } = session.view;
    const prepared = mustBeBounded(session.spending?.budgets ?? [])
      ? prepareBounded(planned, request, headers, session.endpoint, this.#tools)
      : prepareAttempt(planned, request, headers, this.#tools);
    const bound = session.spending && (await boundOf(request, prepared, this.#tools));
    const outgoing = await finishAttempt(prepared, headers, this.#tools);
    const body = outgoing.body ?? prepared.request.raw;
    requireSendable(body, session.config.settings.listener.bufferLimitBytes);
    if (bound !== undefined) await coverAttempt(session, planned, bound, this.#tools);
    // what begins after the end of a request is settled by nobody
    if (session.request === undefined) throw requestEnded();
    beginAttempt(session, prepared, bound, this.#tools);
    const patch = headersAfter(session.headersSet, outgoing.headers ?? emptyPatch, session.view.headers);
    for (const name of Object.keys(patch.set)) session.headersSet.add(name);
    return {
      request_headers: {
        response: {
          status: "CONTINUE_AND_REPLACE",
          header_mutation: headerMutation(patch),
          body_mutation: { body },
        },
      },
      // replacing headers and body at once drops content-length; a filter after this one puts it back from here
      dynamic_metadata: toStruct({ "io.envoy.ai_gateway": { content_length: body.length } }),
    };
  }
}

function requestEnded(): GatewayError {
  return new GatewayError("gateway_unavailable", "the request has ended");
}

/** The plan's attempt at this backend; a backend outside the plan (an Envoy with routes of its own) is made up from the configuration. */
function plannedFor(session: Session, backendId: string): PlannedAttempt {
  const planned = session.plan?.attempts.find((attempt) => attempt.backend.id === backendId);
  if (planned !== undefined) return planned;
  const backend = session.config.backends.get(backendId);
  if (backend === undefined)
    throw new GatewayError("no_usable_backend", `Envoy chose the cluster ${backendId}, which is no backend here`);
  if (backend.unusable !== undefined)
    throw new GatewayError("no_usable_backend", `backend ${backendId}: ${backend.unusable}`);
  const ref = session.plan?.rule.backends.find((candidate) => candidate.backendId === backendId) ?? {
    backendId,
    priority: 0,
    weight: 1,
    modelNameOverride: undefined,
    headerMutation: undefined,
  };
  return { backend, ref, model: upstreamModel(backend, ref, session.plan?.model ?? "") };
}
