import type { GatewayError } from "../lib/errors.ts";
import type { Headers } from "./headers.ts";

/** The client APIs: what a caller speaks. More follow (translation.md §1.1). */
export type Api = "chat";

/** A client's request, read just as far as routing needs. The raw bytes are never changed. */
export interface ClientRequest {
  readonly api: Api;
  /** Exactly what the client sent. */
  readonly raw: Uint8Array;
  /** `model` of the body; undefined when absent or null. */
  readonly model: string | undefined;
  /** The client asked for a stream. */
  readonly stream: boolean;
  /** The client asked for a usage chunk in the stream (`stream_options.include_usage`). */
  readonly includeUsage: boolean;
  /** The whole body as JSON values, parsed on first use and frozen. Only translated pairs need it. */
  readonly body: () => unknown;
}

/** One client API. Pure. */
export interface Endpoint {
  readonly api: Api;
  /** Path without the configurable prefix, e.g. `/v1/chat/completions`. */
  readonly path: string;
  readonly method: "POST" | "GET";
  /**
   * @throws GatewayError `invalid_json`, `invalid_field`, `json_expected`, `unsupported_content_encoding`
   */
  parse(raw: Uint8Array, headers: Headers): ClientRequest;
  /** Matches where the last event of a complete stream begins. */
  readonly lastEvent: RegExp;
  /** The error as a JSON body of this API's dialect. */
  errorBody(error: GatewayError): Uint8Array;
  /** The error as the last event of a stream of this API; nothing may follow it. */
  streamError(error: GatewayError): Uint8Array;
}
