/** What a mock received, whole. Header names in lower case. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly sessionToken?: string | undefined;
}

/** What a mock asks for; undefined = anything will do. */
export interface MockCredentials {
  readonly apiKey?: string | undefined;
  readonly aws?: AwsKeys | undefined;
}

/** A call as the provider understands it. */
export interface MockCall {
  readonly model: string;
  readonly stream: boolean;
  /** All text of the request, for the token count. */
  readonly inputText: string;
  readonly messageCount: number;
  readonly lastUserText: string;
  /** Name of the first tool offered. */
  readonly firstTool: string | undefined;
  /** Usage is asked for in the stream (OpenAI). */
  readonly includeUsage: boolean;
  /** Who pays: what the bill is kept by. Never shown whole. */
  readonly credential: string;
}

/** Tokens by the provider-independent convention: input includes cached and written, output includes reasoning. */
export interface MockUsage {
  readonly input: number;
  readonly output: number;
  readonly cached?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly reasoning?: number | undefined;
}

/** What a mock is going to say. */
export interface MockAnswer {
  readonly id: string;
  readonly text: string;
  readonly thinking: string | undefined;
  /** Arguments as JSON text. */
  readonly tool: { readonly name: string; readonly arguments: string } | undefined;
  /** Undefined: the provider tells none. */
  readonly usage: MockUsage | undefined;
  /** Undefined: the provider tells none. */
  readonly serviceTier: string | undefined;
  /** Content pieces of a stream. */
  readonly chunks: number;
}

export interface MockFrame {
  /** `content` says something that is paid for; `border` opens or closes a block; without an `end` the stream is truncated. */
  readonly kind: "start" | "content" | "border" | "end";
  readonly bytes: Buffer;
}

/** One provider's wire format. Siblings are alike; respond.ts does everything else. */
export interface MockProvider {
  readonly name: "openai" | "azureopenai" | "anthropic" | "awsbedrock";
  /** Shows its thinking when told to. */
  readonly thinks: boolean;
  readonly streamContentType: string;
  /**
   * A page that is no model call (the list of models); undefined = the request is one.
   * @throws MockRefusal
   */
  readPage(request: ReceivedRequest, credentials: MockCredentials): object | undefined;
  /** @throws MockRefusal what the real provider would refuse */
  read(request: ReceivedRequest, credentials: MockCredentials): MockCall;
  answer(call: MockCall, answer: MockAnswer): object;
  frames(call: MockCall, answer: MockAnswer): readonly MockFrame[];
  /** The provider's own error in the middle of a stream. */
  errorFrame(): Buffer;
  /** An event whose JSON does not parse. */
  brokenFrame(): Buffer;
  error(
    status: number,
    message: string,
    code?: string,
  ): { readonly body: object; readonly headers: Readonly<Record<string, string>> };
}
