import type { RawJson } from "../../lib/raw-json.ts";
import { optionalObject, optionalOneOf, optionalString, requiredObject } from "./guards.ts";
import type { JsonView } from "./json-view.ts";
import type { Warnings } from "./warnings.ts";

/** `response_format` of a chat request; absent counts as text. */
export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly name: string | undefined;
      readonly description: string | undefined;
      /** Exactly as the client wrote it (R74). */
      readonly schema: RawJson;
    };

const types = ["text", "json_object", "json_schema"] as const;
// `strict` is how schema-bound output works at the providers anyway
const jsonSchemaMembers = new Set(["name", "description", "schema", "strict"]);

/** @throws GatewayError `invalid_field` */
export function readResponseFormat(format: JsonView, warnings: Warnings): ResponseFormat {
  if (optionalObject(format) === undefined) return { type: "text" };
  const type = optionalOneOf(format.member("type"), types);
  if (type !== "json_schema") return { type: type ?? "text" };
  const jsonSchema = requiredObject(format.member("json_schema"));
  warnings.droppedUnless(jsonSchema, jsonSchemaMembers);
  return {
    type,
    name: optionalString(jsonSchema.member("name")),
    description: optionalString(jsonSchema.member("description")),
    schema: requiredObject(jsonSchema.member("schema")).raw,
  };
}
