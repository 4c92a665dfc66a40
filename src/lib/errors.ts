/**
 * The one error class of Tollgate and the table of its codes.
 *
 * `message` may be shown to the client: it never holds prompt text, credentials or signatures (translation.md R170).
 * `cause` is for the log only.
 */

/** What went wrong, in the words that every client dialect maps to its own error type. */
export type ErrorKind =
  | "invalid_request"
  | "authentication"
  | "billing"
  | "permission"
  | "not_found"
  | "conflict"
  | "too_large"
  | "rate_limit"
  | "timeout"
  | "overloaded"
  | "server"
  | "refusal";

/** Default HTTP status of each kind. */
export const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid_request: 400,
  authentication: 401,
  billing: 402,
  permission: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  rate_limit: 429,
  timeout: 504,
  overloaded: 503,
  server: 500,
  refusal: 400,
};

/**
 * Codes of the errors that Tollgate itself makes, with kind and HTTP status. This table is also the documentation
 * of the codes (docs/errors.md is held against it by a test).
 */
export const errorCodes = {
  invalid_http: { kind: "refusal", status: 400 },
  invalid_json: { kind: "refusal", status: 400 },
  missing_model: { kind: "refusal", status: 400 },
  invalid_field: { kind: "refusal", status: 400 },
  invalid_header: { kind: "refusal", status: 400 },
  json_expected: { kind: "refusal", status: 400 },
  unsupported_content_encoding: { kind: "refusal", status: 400 },
  unknown_price: { kind: "refusal", status: 400 },
  upstream_authentication: { kind: "authentication", status: 401 },
  identity_required: { kind: "authentication", status: 401 },
  unknown_path: { kind: "not_found", status: 404 },
  unknown_model: { kind: "not_found", status: 404 },
  method_not_allowed: { kind: "refusal", status: 405 },
  request_timeout: { kind: "timeout", status: 408 },
  request_too_large: { kind: "too_large", status: 413 },
  request_headers_too_large: { kind: "too_large", status: 431 },
  unsupported_pair: { kind: "refusal", status: 422 },
  n_not_supported: { kind: "refusal", status: 422 },
  logprobs_not_supported: { kind: "refusal", status: 422 },
  audio_output_not_supported: { kind: "refusal", status: 422 },
  web_search_not_supported: { kind: "refusal", status: 422 },
  unsupported_tool_type: { kind: "refusal", status: 422 },
  unknown_tool_in_tool_choice: { kind: "refusal", status: 422 },
  legacy_functions_not_supported: { kind: "refusal", status: 422 },
  image_url_not_supported: { kind: "refusal", status: 422 },
  document_url_not_supported: { kind: "refusal", status: 422 },
  file_id_not_supported: { kind: "refusal", status: 422 },
  unsupported_media_type: { kind: "refusal", status: 422 },
  invalid_data_uri: { kind: "refusal", status: 422 },
  unsupported_content_part: { kind: "refusal", status: 422 },
  no_messages: { kind: "refusal", status: 422 },
  empty_message: { kind: "refusal", status: 422 },
  token_budget_exceeded: { kind: "rate_limit", status: 429 },
  quota_exceeded: { kind: "rate_limit", status: 429 },
  budget_exceeded: { kind: "rate_limit", status: 429 },
  store_unavailable: { kind: "rate_limit", status: 429 },
  internal_error: { kind: "server", status: 500 },
  bad_upstream_json: { kind: "server", status: 502 },
  bad_upstream_stream: { kind: "server", status: 502 },
  upstream_empty_response: { kind: "server", status: 502 },
  upstream_truncated: { kind: "server", status: 502 },
  upstream_answer_too_large: { kind: "server", status: 502 },
  malformed_model_output: { kind: "server", status: 502 },
  unsupported_upstream_encoding: { kind: "server", status: 502 },
  upstream_failed: { kind: "server", status: 502 },
  no_usable_backend: { kind: "overloaded", status: 503 },
  upstream_unavailable: { kind: "overloaded", status: 503 },
  gateway_unavailable: { kind: "overloaded", status: 503 },
  budget_store_unavailable: { kind: "overloaded", status: 503 },
  upstream_timeout: { kind: "timeout", status: 504 },
} as const satisfies Readonly<Record<string, { readonly kind: ErrorKind; readonly status: number }>>;

export type ErrorCode = keyof typeof errorCodes;

export interface GatewayErrorOptions {
  /** JSON path of the offending member of the client's request, e.g. `messages[2].content[1]`. */
  readonly param?: string | undefined;
  /** HTTP status when it is not the code's own (a provider's status that passes through). */
  readonly status?: number | undefined;
  /** Error type when it is not the code's own. */
  readonly kind?: ErrorKind | undefined;
  /** For the log only. */
  readonly cause?: unknown;
  /** Headers of the answer, e.g. `allow` of a 405. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Further members of the error in the answer's body, such as the budget that refused. Plain JSON. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
}

/** An error that a client may see. Throw it anywhere; the exchange renders it in the client's dialect. */
export class GatewayError extends Error {
  readonly code: string | null;
  readonly kind: ErrorKind;
  readonly status: number;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GatewayError";
    this.code = code;
    this.kind = options.kind ?? errorCodes[code].kind;
    this.status = options.status ?? errorCodes[code].status;
    this.param = options.param ?? null;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }

  /**
   * An error that a provider reported: its own code (or none), its kind and status.
   * `code` is shown to the client as the provider wrote it.
   */
  static fromProvider(
    kind: ErrorKind,
    message: string,
    options: {
      readonly status?: number | undefined;
      readonly code?: string | null | undefined;
      readonly param?: string | null | undefined;
    } = {},
  ): GatewayError {
    const error = new GatewayError("upstream_failed", message, { kind, status: options.status ?? statusOfKind[kind] });
    const own = error as { code: string | null; param: string | null };
    own.code = options.code ?? null;
    own.param = options.param ?? null;
    return error;
  }

  /** Whatever was thrown, as a GatewayError. Foreign errors become `fallback` with a message that tells nothing internal. */
  static from(thrown: unknown, fallback: ErrorCode = "internal_error"): GatewayError {
    if (thrown instanceof GatewayError) return thrown;
    const message =
      fallback === "internal_error"
        ? "the gateway failed to process this request"
        : "the upstream answer could not be processed";
    return new GatewayError(fallback, message, { cause: thrown });
  }
}
