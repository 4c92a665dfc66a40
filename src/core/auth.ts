/** How a backend's requests are authenticated (translation.md §1.5). Independent of the schema. */
export type AuthConfig =
  | { readonly type: "None" }
  | { readonly type: "APIKey"; readonly key: Secret }
  | { readonly type: "AnthropicAPIKey"; readonly key: Secret }
  | { readonly type: "AzureAPIKey"; readonly key: Secret }
  | {
      readonly type: "AWSCredentials";
      readonly region: string;
      readonly accessKeyId: Secret;
      readonly secretAccessKey: Secret;
      readonly sessionToken?: Secret | undefined;
    };

/** A value that prints as `[redacted]` whoever prints it; `reveal()` is called only where it is sent. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value.trim();
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[redacted]";
  }
}

/** The finished request of one attempt, as it will be sent; what signatures are made of. */
export interface SignableRequest {
  readonly method: "POST";
  /** The backend's host name (with `:port` iff Envoy will send it so), not the client's authority. */
  readonly host: string;
  /** Path and query exactly as sent. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly nowMs: number;
}

/** Makes the credential headers of one request. Called last, after every change to the request. */
export interface Authenticator {
  /** Header names in lower case. @throws GatewayError when there are no credentials. */
  headers(request: SignableRequest): Promise<Readonly<Record<string, string>>>;
}
