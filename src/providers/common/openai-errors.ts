import { type ErrorKind, type GatewayError, statusOfKind } from "../../lib/errors.ts";
import { asObject, parseJson } from "./parse-json.ts";
import { providerError, quotesCredential } from "./provider-error.ts";
import { clientStatus, kindOfStatus, unknownError } from "./unknown-error.ts";

/** Errors of OpenAI, Azure and compatible servers (translation.md §5.3). */

const maxParsedBytes = 1024 * 1024;

const kindOfName: Readonly<Record<string, ErrorKind>> = {
  invalid_request_error: "invalid_request",
  authentication_error: "authentication",
  invalid_api_key: "authentication",
  insufficient_quota: "billing",
  billing_error: "billing",
  permission_error: "permission",
  not_found_error: "not_found",
  model_not_found: "not_found",
  conflict_error: "conflict",
  request_too_large: "too_large",
  rate_limit_error: "rate_limit",
  rate_limit_exceeded: "rate_limit",
  timeout_error: "timeout",
  timeout: "timeout",
  overloaded_error: "overloaded",
  overloaded: "overloaded",
};

/** What an error document says, in any of the forms that servers use. */
interface Told {
  readonly message: string;
  readonly type: unknown;
  readonly code: unknown;
  readonly param: unknown;
  /** Already the openai dialect as we would write it. */
  readonly inDialect: boolean;
}

/**
 * The error of an answer that is not 2xx. `unchanged`: the body is in the openai dialect and tells nothing that it must not,
 * so it can pass byte for byte (R18).
 */
export function openaiError(
  status: number,
  body: Uint8Array,
): { readonly error: GatewayError; readonly unchanged: boolean } {
  const told = body.length > maxParsedBytes ? undefined : readError(parseJson(body));
  if (told === undefined) return { error: unknownError(status, body), unchanged: false };
  const error = providerError(kindOfStatus(status), told.message, {
    status: clientStatus(status),
    code: codeText(told.code),
    param: typeof told.param === "string" ? told.param : null,
  });
  const unchanged =
    told.inDialect && error.message === told.message && !quotesCredential(Buffer.from(body).toString("latin1"));
  return { error, unchanged };
}

/**
 * The error that a 200 answer or a chunk of a stream reports instead of output; undefined when `document` reports none.
 * There is no status to go by, so the kind comes from a numeric code, or else from the names.
 */
export function openaiErrorIn(document: unknown): GatewayError | undefined {
  const error = asObject(document)?.["error"];
  if (error === undefined || error === null || error === false || error === "") return undefined;
  const told = readError(document);
  if (told === undefined) return providerError("server", "the provider reported an error", { status: 502 });
  const kind = toldKind(told);
  return providerError(kind, told.message, {
    status: kind === "server" ? 502 : statusOfKind[kind],
    code: codeText(told.code),
    param: typeof told.param === "string" ? told.param : null,
  });
}

function toldKind(told: Told): ErrorKind {
  const status = Number(told.code);
  if (Number.isInteger(status) && status >= 400 && status < 600) return kindOfStatus(status);
  for (const name of [told.type, told.code]) {
    if (typeof name === "string" && Object.hasOwn(kindOfName, name)) return kindOfName[name] as ErrorKind;
  }
  return "server";
}

function codeText(code: unknown): string | null {
  if (typeof code === "number") return String(code);
  return typeof code === "string" && code !== "" ? code : null;
}

function readError(document: unknown): Told | undefined {
  if (Array.isArray(document)) return document.length === 1 ? withoutDialect(readError(document[0])) : undefined;
  const root = asObject(document);
  if (root === undefined) return undefined;
  const inner = asObject(root["error"]);
  const source = inner ?? root;
  const message = typeof root["error"] === "string" ? root["error"] : messageOf(source);
  if (message === undefined || message === "") return undefined;
  const { type, code, param } = source;
  return { message, type, code, param, inDialect: inner !== undefined && isDialect(inner) };
}

function withoutDialect(told: Told | undefined): Told | undefined {
  return told && { ...told, inDialect: false };
}

/** `message`, or `detail` as a string or as a list of `{msg}`. */
function messageOf(source: Readonly<Record<string, unknown>>): string | undefined {
  const { message, detail } = source;
  if (typeof message === "string") return message;
  if (typeof detail === "string") return detail;
  if (!Array.isArray(detail)) return undefined;
  const messages = detail.map((item: unknown) => (typeof item === "string" ? item : asObject(item)?.["msg"]));
  return messages.filter((item) => typeof item === "string").join("; ");
}

function isDialect(error: Readonly<Record<string, unknown>>): boolean {
  const stringOrNothing = [error["type"], error["param"], error["code"]];
  return (
    typeof error["message"] === "string" &&
    stringOrNothing.every((value) => typeof value === "string" || value === null || value === undefined)
  );
}
