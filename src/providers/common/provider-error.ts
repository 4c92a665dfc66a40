import { type ErrorKind, GatewayError } from "../../lib/errors.ts";

export interface ProviderErrorOptions {
  /** The provider's HTTP status, after `clientStatus`. */
  readonly status?: number | undefined;
  readonly code?: string | null | undefined;
  readonly param?: string | null | undefined;
}

/** What looks like (a part of) a key: vendor prefixes, bearer tokens, and words blotted out by asterisks. */
const keyLike =
  /\b(?:sk|pk|gsk|xai|nvapi|pplx|fw|r8|hf|csk)[-_][\w*.-]{6,}|\bAIza[\w*-]{8,}|\bA[KS]IA[A-Z0-9]{12,}|\bBearer\s{1,4}[\w*.+/=-]{8,}|[\w-]{0,64}\*{3,}[\w-]{0,64}/gi;

/** Whether a provider's text quotes something that may be our key. */
export function quotesCredential(text: string): boolean {
  return text.search(keyLike) >= 0;
}

/**
 * An error that a provider reported, without what may be our key: providers quote a part of the one they refuse. All that
 * a client can be told of refused credentials is that they were.
 */
export function providerError(kind: ErrorKind, message: string, options: ProviderErrorOptions = {}): GatewayError {
  const quotes = quotesCredential(message);
  if (kind === "authentication" || (kind === "permission" && quotes)) {
    return GatewayError.fromProvider("authentication", "the provider refused the gateway's credentials", {
      status: options.status,
      code: "upstream_authentication",
    });
  }
  return GatewayError.fromProvider(kind, quotes ? message.replace(keyLike, "[redacted]") : message, options);
}
