import type { ResponseHead } from "../../core/translator.ts";
import { type ErrorKind, type GatewayError, statusOfKind } from "../../lib/errors.ts";
import { decodeBuffered } from "../common/content-encoding.ts";
import { openaiError } from "../common/openai-errors.ts";
import { asObject, parseJson } from "../common/parse-json.ts";
import { providerError } from "../common/provider-error.ts";
import { clientStatus, kindOfStatus, unknownError } from "../common/unknown-error.ts";

/** AWS's exception types (translation.md §5.3), in lower case: streams begin them with a small letter. */
const kinds: ReadonlyMap<string, ErrorKind> = new Map([
  ["validationexception", "invalid_request"],
  ["accessdeniedexception", "permission"],
  ["unrecognizedclientexception", "authentication"],
  ["invalidsignatureexception", "authentication"],
  ["expiredtokenexception", "authentication"],
  ["missingauthenticationtokenexception", "authentication"],
  ["incompletesignatureexception", "authentication"],
  ["resourcenotfoundexception", "not_found"],
  ["conflictexception", "conflict"],
  ["throttlingexception", "rate_limit"],
  ["toomanyrequestsexception", "rate_limit"],
  ["servicequotaexceededexception", "rate_limit"],
  ["modelnotreadyexception", "overloaded"],
  ["serviceunavailableexception", "overloaded"],
  ["modeltimeoutexception", "timeout"],
  ["modelerrorexception", "server"],
  ["modelstreamerrorexception", "server"],
  ["internalserverexception", "server"],
]);
const quotaExceeded = "servicequotaexceededexception";

/**
 * The error of a complete answer that is not 2xx. Never throws: what cannot be read becomes an error with the provider's
 * status (R161). Forms of proxies in front of the service are read too.
 */
export function readError(head: ResponseHead, body: Uint8Array): GatewayError {
  let decoded: Uint8Array;
  try {
    decoded = decodeBuffered(body, head.headers.get("content-encoding"));
  } catch {
    return unknownError(head.status, new Uint8Array(0)); // the status still tells what happened
  }
  const document = asObject(parseJson(decoded));
  const type = bareType(head.headers.get("x-amzn-errortype") ?? document?.["__type"]);
  const kind = kinds.get(type);
  const message = messageOf(document);
  if (kind === undefined && message === undefined) return openaiError(head.status, decoded).error;
  return providerError(kind ?? kindOfStatus(head.status), message ?? `upstream returned status ${head.status}`, {
    status: type === quotaExceeded ? 429 : clientStatus(head.status),
  });
}

/** The error that an exception frame reports. There is no status to go by. */
export function readException(type: string, payload: Uint8Array): GatewayError {
  return streamError(type, messageOf(asObject(parseJson(payload))));
}

/** The error that an answer with status 200 names instead of giving output; undefined when `document` names none. */
export function readErrorIn(document: unknown): GatewayError | undefined {
  const told = asObject(document);
  return typeof told?.["__type"] === "string" ? streamError(told["__type"], messageOf(told)) : undefined;
}

/** The error of a stream's exception or error frame. */
export function streamError(type: string, message: string | undefined): GatewayError {
  const kind = kinds.get(bareType(type)) ?? "server";
  const told = message === undefined || message === "" ? "the provider reported an error" : message;
  return providerError(kind, told, { status: kind === "server" ? 502 : statusOfKind[kind] });
}

/** Without namespace (`com.amazon#`) and without what follows a colon (R162), in lower case. */
function bareType(type: unknown): string {
  if (typeof type !== "string") return "";
  const bare = type.split(":", 1)[0] ?? "";
  return bare
    .slice(bare.lastIndexOf("#") + 1)
    .trim()
    .toLowerCase();
}

function messageOf(document: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const message = document?.["message"] ?? document?.["Message"];
  return typeof message === "string" && message !== "" ? message : undefined;
}
