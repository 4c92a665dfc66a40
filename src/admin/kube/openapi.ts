import { z } from "zod";
import { contentHash } from "../../config/content-hash.ts";
import { groups, groupVersion, type ResourceType, resourceTypes, versionsOf } from "./resource-type.ts";

type Json = Readonly<Record<string, unknown>>;

const metadataSchema = {
  type: "object",
  description: "Names, labels and annotations, as of every Kubernetes object.",
  properties: {
    name: { type: "string", description: "Name of the object, unique in its namespace and kind." },
    namespace: { type: "string", description: "Namespace of the object; default: default." },
    labels: { type: "object", additionalProperties: { type: "string" } },
    annotations: { type: "object", additionalProperties: { type: "string" } },
  },
};

const statusSchema = {
  type: "object",
  description:
    "What became of the object: conditions Accepted (it is valid), ResolvedRefs (what it names exists) and Programmed (requests are served with it).",
};

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON Schema as OpenAPI 3.0 has it: one type for a value, `nullable` for null. */
function toOpenApi(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toOpenApi);
  if (!isRecord(schema)) return schema;
  const { $schema: _schema, propertyNames: _names, anyOf, type, const: only, properties, ...rest } = schema;
  const convert = (values: Json): Json =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, toOpenApi(value)]));
  // the names of properties are no words of the schema
  const members = { ...convert(rest), ...(isRecord(properties) ? { properties: convert(properties) } : {}) };
  const options = Array.isArray(anyOf) ? anyOf.filter((option) => !isRecord(option) || option["type"] !== "null") : [];
  if (options.length === 1) return { ...members, ...(toOpenApi(options[0]) as Json), nullable: true };
  if (options.length > 1) return { ...members, anyOf: options.map(toOpenApi) };
  const words = Array.isArray(type) ? type.filter((word) => word !== "null") : [type];
  return {
    ...members,
    ...(words[0] === undefined ? {} : { type: words[0] as unknown }),
    ...(only === undefined ? {} : { enum: [only] }),
  };
}

function schemaOf(type: ResourceType, gvk: Json): Json {
  const { properties, ...made } = toOpenApi(
    z.toJSONSchema(type.definition.schema, { io: "input", unrepresentable: "any" }),
  ) as { readonly properties: Json };
  const shown = { ...properties, metadata: metadataSchema, status: statusSchema };
  return { ...made, properties: shown, "x-kubernetes-group-version-kind": [gvk] };
}

const query = (name: string): Json => ({ name, in: "query", schema: { type: "string" } });

function documentOf(group: string, version: string): Json {
  const paths: Record<string, Json> = {};
  const schemas: Record<string, Json> = {};
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  for (const type of resourceTypes) {
    if (type.group !== group || !type.versions.includes(version)) continue;
    const gvk = { group, version, kind: type.kind };
    const name = [...group.split(".").reverse(), version, type.kind].filter((part) => part !== "").join(".");
    schemas[name] = schemaOf(type, gvk);
    const content = { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
    const operation = (parameters: readonly Json[]): Json => ({
      parameters,
      responses: { 200: { description: "OK", content } },
      "x-kubernetes-group-version-kind": gvk,
    });
    const many = `${root}${type.namespaced ? "/namespaces/{namespace}" : ""}/${type.plural}`;
    const writing = [query("dryRun"), query("fieldManager"), query("fieldValidation")];
    paths[many] = { get: operation([]), post: operation(writing) };
    paths[`${many}/{name}`] = { get: operation([]), put: operation(writing), patch: operation(writing) };
  }
  return {
    openapi: "3.0.0",
    info: { title: "Tollgate", version: "v1" },
    paths,
    components: { schemas },
  };
}

interface Described {
  readonly root: string;
  readonly document: Json;
  readonly hash: string;
}

let described: readonly Described[] | undefined;

function describeAll(): readonly Described[] {
  described ??= ["", ...groups].flatMap((group) =>
    versionsOf(group).map((version) => {
      const document = documentOf(group, version);
      const root = `${group === "" ? "api" : "apis"}/${groupVersion(group, version)}`;
      return { root, document, hash: contentHash(document) };
    }),
  );
  return described;
}

/** `/openapi/v3` and what it names: what `explain` prints, and that the server checks fields itself; undefined = another path. */
export function openApi(path: string): object | undefined {
  if (path === "/openapi/v3") {
    const paths = describeAll().map(({ root, hash }) => [
      root,
      { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` },
    ]);
    return { paths: Object.fromEntries(paths) as Json };
  }
  return describeAll().find(({ root }) => path === `/openapi/v3/${root}`)?.document;
}

/** `/openapi/v2`: empty, in the content type that every client accepts; they then ask for version 3. */
export const openApiV2 = { type: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", body: "" };
