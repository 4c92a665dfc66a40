import type { Authenticator, Secret } from "../../core/auth.ts";

/** A key in one header, behind a prefix (`Bearer `) where the scheme has one. */
export class ApiKeyAuthenticator implements Authenticator {
  readonly #headers: Promise<Readonly<Record<string, string>>>;

  constructor(header: string, prefix: string, key: Secret) {
    this.#headers = Promise.resolve({ [header]: prefix + key.reveal() });
  }

  headers(): Promise<Readonly<Record<string, string>>> {
    return this.#headers;
  }
}
