import type { GatewayError } from "../lib/errors.ts";
import type { ClientRequest } from "./endpoint.ts";
import type { HeaderPatch, Headers } from "./headers.ts";
import type { TokenUsage } from "./usage.ts";

/** Everything one attempt at one backend is made from. Plain data; time and ids are injected, so that a translation can be repeated. */
export interface AttemptInput {
  readonly request: ClientRequest;
  /** The client's headers as they came (for `anthropic-beta` and the like). */
  readonly clientHeaders: Headers;
  /** Model name that goes upstream. */
  readonly model: string;
  readonly options: BackendOptions;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A fresh id with this prefix, e.g. `call_tg_`. */
  readonly newId: (prefix: string) => string;
}

/** Options of a backend that translators use (translation.md §1.6); defaults are the translator's. */
export interface BackendOptions {
  /** Path prefix of OpenAI-, Anthropic- and Cohere-shaped APIs; undefined = the schema's own (`/v1`), "" = none. */
  readonly prefix?: string | undefined;
  /** Undefined = `v1` without a version. */
  readonly azure?: AzureSurface | undefined;
  readonly defaultMaxTokens?: number | undefined;
  /** The member by which an OpenAI-shaped API is told a maximum of output tokens; undefined = `max_tokens`. */
  readonly outputLimitMember?: string | undefined;
  readonly anthropicVersion?: string | undefined;
  readonly samplingParams?: "forward" | "drop" | undefined;
  readonly reasoningEffort?: string | undefined;
  /** Role of instructions in chat-shaped requests that we build; undefined = `system`. */
  readonly systemRole?: "system" | "developer" | undefined;
  /** What becomes of Anthropic's `thinking` and `effort` in them; undefined = `drop`. */
  readonly thinking?: "drop" | "reasoning_effort" | undefined;
  /** The member by which an OpenAI-compatible server is sent earlier thinking; undefined = it is not. */
  readonly reasoningEcho?: "reasoning_content" | "reasoning" | undefined;
  readonly midConversationSystem?: "hoist" | "inline" | undefined;
  readonly urlImages?: "allow" | "refuse" | undefined;
  readonly limits?: Partial<CodecLimits> | undefined;
}

/** Which of Azure's two surfaces is spoken to, and in which `api-version`: never an empty one (R31). */
export type AzureSurface =
  | { readonly surface: "deployments"; readonly apiVersion: string }
  | { readonly surface: "v1"; readonly apiVersion?: string | undefined };

/** Bounds of what a provider can make us hold, in bytes. Exceeding one is an upstream error. */
export interface CodecLimits {
  readonly maxEventBytes: number;
  readonly maxFrameBytes: number;
  readonly maxHeldToolBytes: number;
}

export const defaultCodecLimits: CodecLimits = {
  maxEventBytes: 16 * 1024 * 1024,
  maxFrameBytes: 24 * 1024 * 1024,
  maxHeldToolBytes: 8 * 1024 * 1024,
};

export interface UpstreamRequest {
  /** Path and query, percent-encoded as it must be sent. */
  readonly path: string;
  /** Headers of the provider's envelope (content-type, accept, anthropic-version …); no credentials. Names in lower case. */
  readonly headers: HeaderPatch;
  /** undefined = the client's bytes unchanged. */
  readonly body: Uint8Array | undefined;
  /** Warning codes for `x-ai-gateway-warnings` (translation.md §5.4), in order of detection, no duplicates. */
  readonly warnings: readonly string[];
  /** The most output tokens that this request asks for, all choices together; undefined = it names no maximum. */
  readonly maxOutputTokens?: number | undefined;
}

/** Head of a provider's answer. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
}

/** What became of one piece of a provider's answer. */
export interface Translated {
  /** undefined = the provider's bytes unchanged; empty = swallow them; else these instead. */
  readonly body: Uint8Array | undefined;
  /** All usage told so far (cumulative); undefined when nothing was told yet. */
  readonly usage?: TokenUsage | undefined;
  /** Model that the provider said answered. */
  readonly model?: string | undefined;
  /** Names of things to count, e.g. `unknown_stop_reason`, `unreadable_chunk` (metric `tollgate_translation_notes_total{note}`). */
  readonly notes?: readonly string[] | undefined;
  /** UTF-8 bytes of model output in this piece (text, reasoning, tool arguments): feeds the running estimate of L6 and its upper bound. */
  readonly outputBytes?: number | undefined;
  /**
   * The answer failed here. `body` holds what came before the failure; the exchange appends the client's error event
   * (stream) or replies with the error (not stream), and gives the translator nothing more.
   */
  readonly failure?: GatewayError | undefined;
}

/**
 * One attempt: translates one request and its answer between a client API and a provider schema.
 * Made new for each attempt, pure, never told about sockets. The order of calls is: `request`, then once `responseHeaders`
 * (2xx) followed by `responseBody`* and one `responseEnd`; or `responseError` (anything else).
 * Chunks may be cut anywhere. Whatever a method throws becomes a 502 or an error event (R166).
 */
export interface Translator {
  /** @throws GatewayError when this request cannot be served faithfully by this schema (4xx). */
  request(): UpstreamRequest;
  /** `stream`: whether the answer is an event stream (the exchange asks Envoy to pass it chunk by chunk). */
  responseHeaders(head: ResponseHead): { readonly headers: HeaderPatch; readonly stream: boolean };
  responseBody(chunk: Uint8Array): Translated;
  /** The answer ended cleanly. For JSON answers of translated pairs the whole body is here. */
  responseEnd(): Translated;
  /** Events that close what is open in the client's stream, for one that is ended early; absent = nothing ever is. */
  closeOpen?(): Uint8Array;
  /**
   * A complete answer that is not 2xx. `error` has the provider's status, kind and message; `unchanged` says that the provider's
   * bytes are already in the client's dialect and pass as they are, else the exchange renders `error` in it.
   */
  responseError(head: ResponseHead, body: Uint8Array): { readonly error: GatewayError; readonly unchanged: boolean };
}

export type TranslatorFactory = (input: AttemptInput) => Translator;
