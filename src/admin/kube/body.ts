import { parseDocument } from "yaml";
import { decodeProtobuf } from "./protobuf.ts";
import type { KubeRequest } from "./request.ts";
import { badRequest, unsupportedMediaType } from "./status.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function mediaType({ headers }: Pick<KubeRequest, "headers">): string {
  return headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
}

/** The one place that parses what clients send; JSON is YAML too. Messages never show what was sent: it may be a Secret. */
function parseText(text: string, isYaml: boolean): unknown {
  try {
    if (!isYaml) return JSON.parse(text) as unknown;
  } catch {
    throw badRequest("the body is not valid JSON");
  }
  const document = parseDocument(text, { version: "1.2", prettyErrors: false });
  if (document.errors.length > 0) throw badRequest("the body is not valid YAML");
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

const objectTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** A whole object. @throws KubeError */
export async function readObject(request: KubeRequest): Promise<JsonObject> {
  const type = mediaType(request);
  if (!objectTypes.includes(type)) throw unsupportedMediaType(type, objectTypes);
  const bytes = await request.body();
  const value =
    type === "application/vnd.kubernetes.protobuf"
      ? decodeProtobuf(bytes)
      : parseText(bytes.toString("utf8"), type === "application/yaml");
  if (!isObject(value)) throw badRequest("the body is no object");
  return value;
}

/** JSON of any shape, or YAML. @throws KubeError */
export async function readJson(request: KubeRequest, isYaml: boolean): Promise<unknown> {
  return parseText((await request.body()).toString("utf8"), isYaml);
}

/** DeleteOptions; empty when none were sent. @throws KubeError */
export async function readDeleteOptions(request: KubeRequest): Promise<JsonObject> {
  const bytes = await request.body();
  // as protobuf they would say how long to wait for what is deleted at once here
  if (bytes.length === 0 || mediaType(request) === "application/vnd.kubernetes.protobuf") return {};
  const value = parseText(bytes.toString("utf8"), false);
  return isObject(value) ? value : {};
}
