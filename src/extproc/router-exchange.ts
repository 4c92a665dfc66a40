import type { Endpoint } from "../core/endpoint.ts";
import type { Peer, StreamHandler } from "../grpc/server.ts";
import { GatewayError } from "../lib/errors.ts";
import type { RequestView } from "../planning/request-view.ts";
import { admit } from "./admission.ts";
import { checkHead } from "./check-head.ts";
import { findEndpoint } from "./find-endpoint.ts";
import { forwardRequest } from "./forward-request.ts";
import type { HttpBody, HttpHeaders, ProcessingRequest, ProcessingResponse } from "./messages.ts";
import { modelsReply } from "./models-reply.ts";
import { chargeQuotas } from "./quotas.ts";
import { ResponsePhase } from "./response-phase.ts";
import { Session, type SessionOutcome } from "./session.ts";
import { settleSession } from "./settle.ts";
import type { ExchangeTools } from "./tools.ts";
import { isJudged } from "./verdict.ts";
import { attribute, immediateReply, readHeaders, seconds, toStruct } from "./wire.ts";

/** Envoy waits a little longer than a request may wait for its budgets. */
const waitMarginMs = 2_000;

/** Where one exchange stands. */
type State =
  | { readonly kind: "start" }
  | { readonly kind: "body-awaited"; readonly session: Session }
  | { readonly kind: "forwarded"; readonly session: Session; readonly response: ResponsePhase }
  /** Envoy refused what it got before any filter saw a request (no HTTP, headers too large): its own reply passes. */
  | { readonly kind: "no-request" }
  | { readonly kind: "over" };

/** Path without query. */
function pathOnly(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}

/** `10.0.0.1:5000` or `[::1]:5000` without the port. */
function addressOnly(address: string | undefined): string | undefined {
  return address?.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

/**
 * The router's exchange (R): one per client request. It maps Envoy's messages to planning, translation and metering and back,
 * and decides nothing itself.
 */
export class RouterExchange implements StreamHandler<ProcessingRequest> {
  readonly #tools: ExchangeTools;
  readonly #peer: Peer<ProcessingResponse>;
  #state: State = { kind: "start" };

  constructor(tools: ExchangeTools, peer: Peer<ProcessingResponse>) {
    this.#tools = tools;
    this.#peer = peer;
  }

  async message(request: ProcessingRequest): Promise<void> {
    try {
      const response = await this.#answer(request);
      if (response !== undefined) this.#peer.send(response);
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      if (error.code === "internal_error")
        this.#tools.logger.error({ err: error.cause, session: this.#session?.id }, "request failed");
      // who has left is not told, and was not refused: `ended` follows
      if (!this.#peer.isOver()) this.#refuse(error);
    }
  }

  ended(): void {
    const session = this.#session;
    if (session === undefined || session.outcome !== undefined) return;
    this.#close(session, this.#state.kind === "forwarded" ? this.#state.response.brokenOff() : { kind: "aborted" });
  }

  get #session(): Session | undefined {
    return this.#state.kind === "body-awaited" || this.#state.kind === "forwarded" ? this.#state.session : undefined;
  }

  async #answer(request: ProcessingRequest): Promise<ProcessingResponse | undefined> {
    const state = this.#state;
    if (request.request_headers !== undefined && state.kind === "start")
      return this.#requestHeaders(request, request.request_headers);
    if (request.response_headers !== undefined && state.kind === "start") {
      this.#state = { kind: "no-request" };
      return { response_headers: { response: {} } };
    }
    if (request.response_body !== undefined && state.kind === "no-request") return { response_body: { response: {} } };
    if (request.request_body !== undefined && state.kind === "body-awaited")
      return await this.#requestBody(state.session, request.request_body);
    if (request.response_headers !== undefined && state.kind === "body-awaited") {
      // Envoy gave the upload up: too large, too slow
      return this.#responseHeaders(this.#awaitAnswer(state.session), request, request.response_headers);
    }
    if (state.kind !== "forwarded") return undefined;
    if (request.response_headers !== undefined) return this.#responseHeaders(state, request, request.response_headers);
    if (request.response_body !== undefined) return await this.#responseBody(state, request.response_body);
    if (request.response_trailers !== undefined) return { response_trailers: {} };
    return undefined;
  }

  #requestHeaders(request: ProcessingRequest, message: HttpHeaders): ProcessingResponse {
    const { config, endpoints, modelsPages, sessions, newSessionId, nowMs } = this.#tools;
    const runtime = config(attribute(request, "xds.route_name")?.stringValue);
    const headers = readHeaders(message);
    const view: RequestView = {
      method: headers.get(":method") ?? "",
      path: pathOnly(headers.get(":path") ?? ""),
      host: (headers.get(":authority") ?? "").replace(/:\d+$/, "").toLowerCase(),
      headers,
      sourceAddress: addressOnly(attribute(request, "source.address")?.stringValue),
    };
    const models = modelsReply(modelsPages, runtime, view);
    if (models !== undefined) {
      this.#state = { kind: "over" };
      return { immediate_response: models };
    }
    const fallback = endpoints[0];
    if (fallback === undefined) throw new Error("no endpoints are registered");
    const found = findEndpoint(endpoints, runtime.settings, view.method, view.path, fallback);
    const session = new Session(newSessionId(), runtime, view, found.endpoint, nowMs());
    if (!sessions.add(session))
      throw new GatewayError("gateway_unavailable", "the gateway has too many requests in flight");
    this.#state = { kind: "body-awaited", session };
    if (found.kind === "error") throw found.error;
    checkHead(headers, runtime.settings);
    if (message.end_of_stream === true)
      throw new GatewayError("invalid_json", "the request has no body; a JSON object was expected");
    return {
      request_headers: { response: {} },
      dynamic_metadata: toStruct({ "tollgate.session": { id: session.id } }),
    };
  }

  async #requestBody(session: Session, message: HttpBody): Promise<ProcessingResponse> {
    const request = session.endpoint.parse(message.body ?? new Uint8Array(0), session.view.headers);
    session.asks(request);
    const { plan, first, bound } = await admit({
      session,
      request,
      tools: this.#tools,
      waiting: (maxWaitMs) => this.#peer.send({ override_message_timeout: seconds(maxWaitMs + waitMarginMs) }),
      isGone: () => this.#peer.isOver(),
    });
    session.plan = plan;
    for (const rule of plan.withoutAccount)
      this.#tools.metrics.increment("requests_without_account_total", { rule: rule.id });
    const response = await forwardRequest(session, plan, first, bound, this.#tools);
    session.forwarded = !this.#peer.isOver();
    this.#awaitAnswer(session);
    return response;
  }

  #awaitAnswer(session: Session): State & { kind: "forwarded" } {
    const state = { kind: "forwarded" as const, session, response: new ResponsePhase(session, this.#tools) };
    this.#state = state;
    return state;
  }

  #responseHeaders(
    state: State & { kind: "forwarded" },
    request: ProcessingRequest,
    message: HttpHeaders,
  ): ProcessingResponse | undefined {
    const { response, outcome } = state.response.headers(request, message);
    if (outcome !== undefined) this.#close(state.session, outcome);
    return response;
  }

  async #responseBody(
    state: State & { kind: "forwarded" },
    message: HttpBody,
  ): Promise<ProcessingResponse | undefined> {
    const { response, outcome } = await state.response.body(message);
    if (outcome !== undefined) this.#close(state.session, outcome);
    return response;
  }

  /** Answers with an error at once; possible until response headers have left. */
  #refuse(error: GatewayError): void {
    const session = this.#session;
    const endpoint: Endpoint | undefined = session?.endpoint ?? this.#tools.endpoints[0];
    if (session !== undefined) {
      session.status = error.status;
      session.message = error.message;
      this.#close(session, { kind: session.forwarded ? "failed" : "rejected", code: error.code });
    }
    this.#state = { kind: "over" };
    const body = endpoint?.errorBody(error) ?? new Uint8Array(0);
    const told = toStruct({
      ...(session === undefined ? {} : { "tollgate.session": { id: session.id } }),
      "io.envoy.ai_gateway": { error_type: error.code ?? error.kind },
    });
    this.#peer.send({ immediate_response: immediateReply(error, body, {}), dynamic_metadata: told });
  }

  #close(session: Session, outcome: SessionOutcome): void {
    if (session.outcome !== undefined) return;
    session.outcome = outcome;
    if (isJudged(session)) {
      chargeQuotas(session, this.#tools);
      void settleSession(session, this.#tools);
    }
    this.#tools.sessions.end(session);
  }
}
