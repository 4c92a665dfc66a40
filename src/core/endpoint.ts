import type { GatewayError } from "../lib/errors.ts";
import type { Headers } from "./headers.ts";

/** The client APIs: what a caller speaks. More follow (translation.md §1.1). */
export type Api = "chat" | "messages";

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
  /** The client's maximum of output tokens of one choice; undefined = it named none, or something else than a whole number. */
  readonly maxOutputTokens: number | undefined;
  /** Every member of the body that names such a maximum, where there may be more than one. */
  readonly outputLimits?: Readonly<Record<string, number>> | undefined;
  /** How many answers the client wants (`n`). */
  readonly choices: number;
  /** The `service_tier` that the client asks for; undefined = none. */
  readonly serviceTier?: string | undefined;
  /** The whole body as JSON values, parsed on first use and frozen. Only translated pairs need it. */
  readonly body: () => unknown;
}

/** Which of the configurable path prefixes an API stands under (`endpoints` of TollgateConfig). */
export type PrefixName = "openai" | "anthropic" | "cohere";

/** What ends a stream that nobody pays any more. */
export interface StreamCut {
  readonly reason: GatewayError;
  readonly usage: {
    readonly input: number;
    readonly cachedInput?: number | undefined;
    readonly cacheWrite?: number | undefined;
    readonly output: number;
    readonly total: number;
  };
  /** Model that the provider said answers. */
  readonly model: string | undefined;
  /** How many answers in one have to be ended. */
  readonly choices: number;
  readonly nowMs: number;
}

/** A model as lists of models tell it. */
export interface ListedModel {
  readonly id: string;
  readonly ownedBy: string;
  /** Milliseconds since the epoch; 0 = nobody knows. */
  readonly createdMs: number;
}

/** A client API that is answered from the configuration, without a provider: `GET <path>`, and `GET <path>/<id>`. Pure. */
export interface ModelsPage {
  readonly prefix: PrefixName;
  /** Path without the configurable prefix. */
  readonly path: string;
  /** The body that lists them all. */
  list(models: readonly ListedModel[]): Uint8Array;
  /** The body that tells one. */
  one(model: ListedModel): Uint8Array;
  errorBody(error: GatewayError): Uint8Array;
}

/** One client API. Pure. */
export interface Endpoint {
  readonly api: Api;
  readonly prefix: PrefixName;
  /** Path without the configurable prefix, e.g. `/v1/chat/completions`. */
  readonly path: string;
  readonly method: "POST" | "GET";
  /**
   * @throws GatewayError `invalid_json`, `invalid_field`, `json_expected`, `unsupported_content_encoding`
   */
  parse(raw: Uint8Array, headers: Headers): ClientRequest;
  /** The request with a maximum of output tokens, for one that does not name it so; `member` is its name in the body where an API has several. */
  withOutputLimit(request: ClientRequest, maxOutputTokens: number, member: string): ClientRequest;
  /** Matches where the last event of a complete stream begins. */
  readonly lastEvent: RegExp;
  /** The error as a JSON body of this API's dialect. */
  errorBody(error: GatewayError): Uint8Array;
  /** The events that end a stream which is cut off where its budget ends (limits.md L34): usage, why, and the terminator. */
  streamCut(cut: StreamCut): Uint8Array;
  /** The error as the last event of a stream of this API; nothing may follow it. */
  streamError(error: GatewayError): Uint8Array;
}
