import { type HeaderPatch, Headers } from "../core/headers.ts";
import { utf8Bytes } from "../lib/bytes.ts";
import type { GatewayError } from "../lib/errors.ts";
import type {
  HeaderMutationMessage,
  HttpHeaders,
  ImmediateResponse,
  ProcessingRequest,
  ProtoStruct,
  ProtoValue,
} from "./messages.ts";

// a byte order mark is part of a value: two accounts must not become one
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Pure conversions between ext_proc messages and our own types. */
export function readHeaders(message: HttpHeaders): Headers {
  const headers = new Headers();
  for (const { key, value, raw_value: raw } of message.headers?.headers ?? []) {
    if (key !== undefined) headers.append(key, raw !== undefined && raw.length > 0 ? utf8.decode(raw) : (value ?? ""));
  }
  return headers;
}

/** An attribute that Envoy was asked for, e.g. `response.code_details`; undefined when it was not sent. */
export function attribute(request: ProcessingRequest, name: string): ProtoValue | undefined {
  for (const struct of Object.values(request.attributes ?? {})) {
    const value = struct.fields?.[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** A string in the request's dynamic metadata. */
export function metadataString(request: ProcessingRequest, namespace: string, key: string): string | undefined {
  return request.metadata_context?.filter_metadata?.[namespace]?.fields?.[key]?.stringValue;
}

/** What dynamic metadata is made of. */
export type MetadataValue =
  | string
  | number
  | boolean
  | readonly MetadataValue[]
  | { readonly [key: string]: MetadataValue };

function toValue(value: MetadataValue): ProtoValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { numberValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map((element: MetadataValue) => toValue(element)) } };
  return { structValue: toStruct(value as { readonly [key: string]: MetadataValue }) };
}

export function toStruct(members: { readonly [key: string]: MetadataValue }): ProtoStruct {
  return { fields: Object.fromEntries(Object.entries(members).map(([key, value]) => [key, toValue(value)])) };
}

/** `:status` and other pseudo-headers may be in `set`. Values are sent as bytes: `value` would be refused for non-ASCII. */
export function headerMutation(patch: HeaderPatch): HeaderMutationMessage {
  return {
    set_headers: Object.entries(patch.set).map(([key, value]) => ({
      header: { key, raw_value: utf8Bytes(value) },
      append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
    })),
    remove_headers: [...patch.remove],
  };
}

/** A reply that Envoy sends at once. `details` appears in Envoy's access log; no spaces. */
export function immediateReply(
  error: GatewayError,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): ImmediateResponse {
  return {
    status: { code: error.status },
    headers: headerMutation({ set: { "content-type": "application/json", ...error.headers, ...headers }, remove: [] }),
    body,
    details: `tollgate_${(error.code ?? error.kind).replace(/[^\w.-]+/g, "_")}`,
  };
}

/** A google.protobuf.Duration. */
export function seconds(ms: number): { readonly seconds: number; readonly nanos: number } {
  return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
}
