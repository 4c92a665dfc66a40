import { type HeaderPatch, refusedByHeader } from "../core/headers.ts";
import type { ResponseHead } from "../core/translator.ts";
import { GatewayError } from "../lib/errors.ts";
import { Answer } from "./answer.ts";
import { currentCosts, sameCosts, zeroedCosts } from "./costs.ts";
import { coverStream } from "./cover.ts";
import { Latency } from "./latency.ts";
import { limitBody } from "./limit-refusal.ts";
import { chargeMetadata } from "./limit-slots.ts";
import { localReplyError } from "./local-reply.ts";
import type { HttpBody, HttpHeaders, ProcessingRequest, ProcessingResponse } from "./messages.ts";
import { priceTags } from "./price-tags.ts";
import { receiptComment, wantsReceipt } from "./receipt.ts";
import { answerHeaders, startHeaders, usedHeaders } from "./response-headers.ts";
import type { Session, SessionAttempt, SessionOutcome } from "./session.ts";
import type { ExchangeTools } from "./tools.ts";
import { attribute, headerMutation, immediateReply, type MetadataValue, readHeaders, toStruct } from "./wire.ts";

/** A reply to Envoy, and how the request ended if it ended with it. */
export interface Step {
  /** Undefined = nothing is to be said. */
  readonly response: ProcessingResponse | undefined;
  readonly outcome?: SessionOutcome | undefined;
}

/** What the bodies that follow belong to. */
type Mode =
  | { readonly kind: "headers-awaited" }
  | { readonly kind: "answer"; readonly answer: Answer; readonly attempt: SessionAttempt }
  | { readonly kind: "error"; readonly attempt: SessionAttempt; readonly head: ResponseHead }
  /** Envoy's own reply, or ours: passes as it is. */
  | { readonly kind: "pass"; readonly outcome: SessionOutcome };

const noBody = new Uint8Array(0);

const streamed = { response_body_mode: "STREAMED", response_header_mode: "SEND" } as const;
/** A stream that may be cut off: only in this mode an answer can be ended before its provider ends it, without breaking the connection. */
const fullDuplex = {
  response_body_mode: "FULL_DUPLEX_STREAMED",
  response_header_mode: "SEND",
  response_trailer_mode: "SEND",
} as const;

function failedWith(error: GatewayError): SessionOutcome {
  return { kind: "failed", code: error.code ?? error.kind };
}

/** Follows the answer to one request, from its headers to its end. */
export class ResponsePhase {
  readonly #session: Session;
  readonly #tools: ExchangeTools;
  #mode: Mode = { kind: "headers-awaited" };
  readonly #latency: Latency;
  #unanswered = false;

  constructor(session: Session, tools: ExchangeTools) {
    this.#session = session;
    this.#tools = tools;
    this.#latency = new Latency(session.startedMs);
  }

  headers(request: ProcessingRequest, message: HttpHeaders): Step {
    const headers = readHeaders(message);
    const head: ResponseHead = { status: Number(headers.get(":status") ?? 0), headers };
    const details = attribute(request, "response.code_details")?.stringValue ?? "";
    this.#session.attemptCount = attribute(request, "upstream.request_attempt_count")?.numberValue;
    this.#session.status = head.status;
    const attempt = this.#session.current;
    const last = message.end_of_stream === true;
    if (details !== "via_upstream" || headers.has("x-tollgate-tombstone") || attempt === undefined) {
      return this.#localReply(head, details, last);
    }
    if (head.status < 200 || head.status > 299) return this.#providerError(head, attempt, last);
    return this.#answer(head, attempt, last);
  }

  async body(message: HttpBody): Promise<Step> {
    const chunk = message.body ?? noBody;
    const last = message.end_of_stream === true;
    const mode = this.#mode;
    switch (mode.kind) {
      case "answer":
        return await this.#answerBody(mode.answer, mode.attempt, chunk, last);
      case "error":
        return this.#errorBody(mode.head, mode.attempt, chunk, false);
      case "pass": {
        const response = mode.outcome.kind === "limited" ? limitBody(this.#session.endpoint, chunk) : {};
        return { response: { response_body: { response } }, outcome: last ? mode.outcome : undefined };
      }
      case "headers-awaited":
        return { response: { response_body: { response: {} } } };
    }
  }

  /** The exchange is over before the answer was: the client or the provider went away, or a time-out of Envoy's ended it. */
  brokenOff(): SessionOutcome {
    const mode = this.#mode;
    // of an answer that was to be passed on whole the client saw nothing; what it got instead only Envoy knows
    const unseen = mode.kind === "error" || (mode.kind === "answer" && !mode.answer.stream);
    if (unseen) this.#session.status = undefined;
    const failure = mode.kind === "answer" ? mode.answer.failure : undefined;
    return failure === undefined ? { kind: "aborted" } : failedWith(failure);
  }

  /** No provider answered: Envoy's own reply (a limit, a time-out, no healthy host), or one of ours. */
  #localReply(head: ResponseHead, details: string, last: boolean): Step {
    this.#unanswered = true;
    this.#session.costs = zeroedCosts(this.#session);
    const metadata = this.#metadata({ error_type: details, usage_estimated: false });
    if (details === "request_rate_limited")
      return this.#pass({ kind: "limited", limit: head.headers.get(refusedByHeader) }, last, metadata);
    if (details.startsWith("tollgate_"))
      return this.#pass({ kind: "failed", code: details.slice("tollgate_".length) }, last, metadata);
    const error = localReplyError(this.#session, head.status, details);
    const outcome: SessionOutcome =
      error.status < 500 ? { kind: "rejected", code: error.code } : { kind: "unanswered", details };
    return this.#replace(error, this.#session.endpoint.errorBody(error), outcome, metadata);
  }

  #pass(outcome: SessionOutcome, last: boolean, metadata: ProcessingResponse): Step {
    this.#mode = { kind: "pass", outcome };
    const hidden = headerMutation({ set: {}, remove: [refusedByHeader] });
    return {
      response: { response_headers: { response: { header_mutation: hidden } }, ...metadata },
      outcome: last ? outcome : undefined,
    };
  }

  #providerError(head: ResponseHead, attempt: SessionAttempt, last: boolean): Step {
    this.#mode = { kind: "error", attempt, head };
    attempt.ended = "refused";
    // an error answer has used nothing that was told
    this.#session.costs = zeroedCosts(this.#session);
    if (last) return this.#errorBody(head, attempt, noBody, true);
    return {
      response: {
        response_headers: { response: { header_mutation: headerMutation(answerHeaders(this.#session, attempt, {})) } },
        ...this.#metadata({ error_type: String(head.status), usage_estimated: false }),
      },
    };
  }

  #errorBody(head: ResponseHead, attempt: SessionAttempt, chunk: Uint8Array, inHeaders: boolean): Step {
    const { error, unchanged } = this.#readError(head, attempt, chunk);
    const outcome = failedWith(error);
    const metadata = this.#metadata({ error_type: error.code ?? error.kind, usage_estimated: false });
    this.#session.status = error.status;
    if (unchanged && !inHeaders) return { response: { response_body: { response: {} }, ...metadata }, outcome };
    const body = this.#session.endpoint.errorBody(error);
    if (inHeaders) return this.#replace(error, body, outcome, metadata);
    const patch: HeaderPatch = {
      set: {
        ":status": String(error.status),
        "content-type": "application/json",
        "content-length": String(body.length),
      },
      remove: ["content-encoding"],
    };
    return {
      response: {
        response_body: { response: { header_mutation: headerMutation(patch), body_mutation: { body } } },
        ...metadata,
      },
      outcome,
    };
  }

  #readError(
    head: ResponseHead,
    attempt: SessionAttempt,
    body: Uint8Array,
  ): { error: GatewayError; unchanged: boolean } {
    try {
      const read = attempt.translator?.responseError(head, body);
      if (read !== undefined) return read;
    } catch (thrown) {
      return { error: GatewayError.from(thrown, "upstream_failed"), unchanged: false };
    }
    return {
      error: new GatewayError("upstream_failed", `the provider answered with status ${head.status}`, {
        status: head.status,
      }),
      unchanged: false,
    };
  }

  #answer(head: ResponseHead, attempt: SessionAttempt, last: boolean): Step {
    const { translator } = attempt;
    if (translator === undefined) throw new Error("an answer for an attempt that was let go");
    attempt.ended = "buffering";
    let read: ReturnType<typeof translator.responseHeaders>;
    try {
      read = translator.responseHeaders(head);
    } catch (thrown) {
      const error = GatewayError.from(thrown, "bad_upstream_json");
      const metadata = this.#metadata({ error_type: error.code ?? error.kind });
      return this.#replace(error, this.#session.endpoint.errorBody(error), failedWith(error), metadata);
    }
    const answer = new Answer({
      stream: read.stream,
      choices: this.#session.request?.choices ?? 1,
      translator,
      meter: attempt.meter,
      endpoint: this.#session.endpoint,
      receipt: wantsReceipt(this.#session.view.headers) ? () => this.#receipt(attempt) : undefined,
      nowMs: this.#tools.nowMs,
      note: (note) => this.#tools.metrics.increment("translation_notes_total", { note }),
    });
    this.#mode = { kind: "answer", answer, attempt };
    if (read.stream) attempt.ended = "streaming";
    if (last) return this.#emptyAnswer(answer, attempt);
    return {
      response: {
        response_headers: {
          response: { header_mutation: headerMutation(this.#startHeaders(attempt, read)) },
        },
        ...(read.stream ? { mode_override: this.#session.spending?.sliced ? fullDuplex : streamed } : {}),
        ...this.#metadata({
          ai_service_backend_name: attempt.planned.backend.id,
          backend_name: attempt.planned.backend.id,
          model_name_override: attempt.planned.model,
        }),
      },
    };
  }

  /** Headers and nothing after them. */
  #emptyAnswer(answer: Answer, attempt: SessionAttempt): Step {
    const { failure } = answer.piece(noBody, true);
    attempt.ended = "broken";
    const error = failure ?? new GatewayError("upstream_empty_response", "the provider answered without a body");
    const metadata = this.#emit(answer, attempt, true);
    return this.#replace(error, this.#session.endpoint.errorBody(error), failedWith(error), metadata);
  }

  /** A stream tells what remains as of its start; what it costs is not known yet. */
  #startHeaders(
    attempt: SessionAttempt,
    read: { readonly headers: HeaderPatch; readonly stream: boolean },
  ): HeaderPatch {
    const patch = answerHeaders(this.#session, attempt, read.headers);
    return read.stream ? { ...patch, set: { ...patch.set, ...startHeaders(this.#session) } } : patch;
  }

  #receipt(attempt: SessionAttempt): string {
    return receiptComment(attempt.meter.current().usage, priceTags(this.#session));
  }

  async #answerBody(answer: Answer, attempt: SessionAttempt, chunk: Uint8Array, last: boolean): Promise<Step> {
    if (answer.failure !== undefined) {
      // the client has got its end already, and the provider was told to stop
      if (this.#session.spending?.sliced) return { response: undefined };
      return this.#afterFailure(answer.failure, last);
    }
    this.#latency.piece(this.#tools.nowMs());
    const { body: translated, failure: broken } = answer.piece(chunk, last);
    attempt.ended = this.#endOf(answer, translated ?? chunk, broken !== undefined, last);
    const uncovered =
      attempt.ended === "streaming" ? await coverStream(this.#session, attempt, this.#tools) : undefined;
    if (uncovered !== undefined) this.#session.message = uncovered.message;
    const body = uncovered === undefined ? translated : answer.cutOff(translated ?? chunk, uncovered);
    const failure = broken ?? uncovered ?? (answer.stream ? undefined : this.#tooLarge(body));
    const metadata = this.#emit(answer, attempt, last);
    const outcome: SessionOutcome | undefined =
      failure !== undefined ? failedWith(failure) : last ? { kind: "completed" } : undefined;
    if (!answer.stream) return this.#jsonAnswer(attempt, body, failure, metadata, outcome, last);
    if (this.#session.spending?.sliced) {
      const ends = last || failure !== undefined;
      const streamed_response = { body: body ?? chunk, end_of_stream: ends };
      return {
        response: { response_body: { response: { body_mutation: { streamed_response } } }, ...metadata },
        outcome: ends ? outcome : undefined,
      };
    }
    const mutation =
      body === undefined ? {} : { body_mutation: body.length === 0 ? ({ clear_body: true } as const) : { body } };
    return { response: { response_body: { response: mutation }, ...metadata }, outcome: last ? outcome : undefined };
  }

  /** How far an answer has come with a piece of it. */
  #endOf(answer: Answer, piece: Uint8Array, broken: boolean, last: boolean): SessionAttempt["ended"] {
    if (broken) return "broken";
    if (last) return "answered";
    if (!answer.stream) return "buffering";
    // clients may leave after the last event, before the provider closes the stream; it matters where somebody pays
    return this.#session.spending !== undefined && answer.isSaid(piece) ? "answered" : "streaming";
  }

  /** Decompressed or translated, an answer may be more than Envoy takes. */
  #tooLarge(body: Uint8Array | undefined): GatewayError | undefined {
    const limit = this.#session.config.settings.listener.bufferLimitBytes;
    if (body === undefined || body.length <= limit) return undefined;
    const message = `the provider's answer is larger than the ${limit} bytes that are held here; ask for a stream`;
    return new GatewayError("upstream_answer_too_large", message);
  }

  #jsonAnswer(
    attempt: SessionAttempt,
    body: Uint8Array | undefined,
    failure: GatewayError | undefined,
    metadata: ProcessingResponse,
    outcome: SessionOutcome | undefined,
    last: boolean,
  ): Step {
    const { endpoint } = this.#session;
    if (failure !== undefined) {
      this.#session.status = failure.status;
      const text = endpoint.errorBody(failure);
      const patch = {
        set: {
          ":status": String(failure.status),
          "content-type": "application/json",
          "content-length": String(text.length),
        },
        remove: [],
      };
      return {
        response: {
          response_body: { response: { header_mutation: headerMutation(patch), body_mutation: { body: text } } },
          ...metadata,
        },
        outcome,
      };
    }
    const set: Record<string, string> = {};
    if (body !== undefined) set["content-length"] = String(body.length);
    if (last) Object.assign(set, usedHeaders(this.#session, attempt));
    return {
      response: {
        response_body: {
          response: {
            header_mutation: headerMutation({ set, remove: [] }),
            ...(body === undefined ? {} : { body_mutation: { body } }),
          },
        },
        ...metadata,
      },
      outcome,
    };
  }

  /** An error event was written. What still comes is swallowed, and an immediate reply ends the exchange with the provider. */
  #afterFailure(failure: GatewayError, last: boolean): Step {
    const outcome = failedWith(failure);
    if (last) return { response: { response_body: { response: { body_mutation: { clear_body: true } } } }, outcome };
    return { response: { immediate_response: immediateReply(failure, noBody, {}) }, outcome };
  }

  /** Costs after a piece, for Envoy: empty when nothing changed. */
  #emit(answer: Answer, attempt: SessionAttempt, last = false): ProcessingResponse {
    const costs = currentCosts(this.#session, attempt, answer.model, this.#tools);
    const { failure } = answer;
    if (!last && failure === undefined && sameCosts(costs, this.#session.costs)) return {};
    this.#session.costs = costs;
    const { estimated, usage } = attempt.meter.current();
    this.#session.told(usage.total);
    if ((last || failure !== undefined) && estimated)
      this.#tools.metrics.increment("usage_estimated_total", { backend: attempt.planned.backend.id });
    return this.#metadata({
      usage_estimated: estimated,
      ...(failure === undefined ? {} : { error_type: failure.code ?? failure.kind }),
      ...(answer.model === undefined ? {} : { response_model: answer.model }),
      ...(answer.stream ? this.#latency.metadata(usage.output) : {}),
    });
  }

  #metadata(extra: { readonly [key: string]: MetadataValue }): ProcessingResponse {
    const { costs, plan } = this.#session;
    const charges = chargeMetadata(plan?.limits ?? [], costs, this.#unanswered);
    return {
      dynamic_metadata: toStruct({ "io.envoy.ai_gateway": { ...costs, ...extra }, "tollgate.charges": charges }),
    };
  }

  /** Replaces the whole answer in the header phase; Envoy sends no body message after it. */
  #replace(error: GatewayError, body: Uint8Array, outcome: SessionOutcome, metadata: ProcessingResponse): Step {
    this.#mode = { kind: "pass", outcome };
    this.#session.status = error.status;
    const patch = {
      set: {
        ":status": String(error.status),
        "content-type": "application/json",
        "content-length": String(body.length),
      },
      remove: ["content-encoding", "x-tollgate-tombstone"],
    };
    return {
      response: {
        response_headers: {
          response: { status: "CONTINUE_AND_REPLACE", header_mutation: headerMutation(patch), body_mutation: { body } },
        },
        ...metadata,
      },
      outcome,
    };
  }
}
