import type { ProtoField, ProtoMessage, ProtoTypes } from "./proto-types.ts";

const wrappers = new Set(
  ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String"].map(
    (name) => `google.protobuf.${name}Value`,
  ),
);
const numbers = /^TYPE_(?:DOUBLE|FLOAT|U?INT(?:32|64)|SINT(?:32|64)|S?FIXED(?:32|64))$/;

type Members = Readonly<Record<string, unknown>>;

/** What is wrong with JSON that should be a message; the path begins at the message. */
function wrong(path: string, message: string): Error {
  return new Error(`${path}: ${message}`);
}

function membersOf(value: unknown, path: string): Members {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
  throw wrong(path, "an object is needed");
}

/** `google.protobuf.Value` of any JSON, in protobufjs's own form. */
function structValue(value: unknown): object {
  if (value === null || value === undefined) return { nullValue: 0 };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { numberValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(structValue) } };
  return { structValue: struct(value as Members) };
}

function struct(members: Members): object {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return { fields: Object.fromEntries(entries.map(([name, value]) => [name, structValue(value)])) };
}

/** `"1.5s"` */
function duration(value: unknown, path: string): object {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(String(value)) ?? [];
  if (whole === "") throw wrong(path, `a duration such as "1.5s" is needed, not ${JSON.stringify(value)}`);
  const factor = sign === "-" ? -1 : 1;
  return { seconds: factor * Number(whole), nanos: factor * Number(fraction.padEnd(9, "0")) };
}

/**
 * Encodes messages of the vendored protos from their JSON form, as Envoy reads it in files: names as in the .proto file, durations
 * as text, `@type` in typed values. What it does not know is an error: nothing is dropped silently.
 *
 * Typed values (`Any`) are not encoded as the message that they name, which may be a type that is not vendored, but as
 * `xds.type.v3.TypedStruct`: the name and the members as they are. Envoy reads them as it reads a file.
 */
export class JsonMessages {
  readonly #types: ProtoTypes;

  constructor(types: ProtoTypes) {
    this.#types = types;
  }

  /** @throws Error that names the place of what does not belong there */
  encode(typeName: string, json: unknown): Uint8Array {
    return this.#types.serialize(typeName, this.#members(this.#message(typeName, ""), json, typeName) as object);
  }

  #message(typeName: string, scope: string): ProtoMessage {
    const type = this.#types.find(typeName, scope);
    if (type.kind === "enum") throw new Error(`${typeName} is no message`);
    return type;
  }

  #members(type: ProtoMessage, json: unknown, path: string): unknown {
    if (type.name === "google.protobuf.Duration") return duration(json, path);
    if (wrappers.has(type.name)) return { value: json };
    if (type.name === "google.protobuf.Struct") return struct(membersOf(json, path));
    if (type.name === "google.protobuf.Any") return this.#typed(membersOf(json, path), path);
    const members: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(membersOf(json, path))) {
      if (value === undefined) continue;
      const field = type.fields.get(name);
      if (field === undefined) throw wrong(`${path}.${name}`, `${type.name} has no such field`);
      members[name] = this.#field(type, field, value, `${path}.${name}`);
    }
    return members;
  }

  #field(type: ProtoMessage, field: ProtoField, value: unknown, path: string): unknown {
    const entryValue = field.repeated ? type.mapValues.get(field.typeName) : undefined;
    if (entryValue !== undefined) {
      const entries = Object.entries(membersOf(value, path)).filter(([, member]) => member !== undefined);
      return Object.fromEntries(
        entries.map(([key, member]) => [
          key,
          this.#single(type, entryValue, member, `${path}[${JSON.stringify(key)}]`),
        ]),
      );
    }
    if (!field.repeated) return this.#single(type, field, value, path);
    if (!Array.isArray(value)) throw wrong(path, "a list is needed");
    return value.map((element, index) => this.#single(type, field, element, `${path}[${index}]`));
  }

  #single(around: ProtoMessage, field: ProtoField, value: unknown, path: string): unknown {
    if (field.type === "TYPE_MESSAGE") return this.#members(this.#message(field.typeName, around.name), value, path);
    if (field.type === "TYPE_ENUM") {
      const type = this.#types.find(field.typeName, around.name);
      if (type.kind === "enum" && type.values.has(String(value))) return value;
      throw wrong(path, `${JSON.stringify(value)} is no value of ${field.typeName}`);
    }
    const needed = numbers.test(field.type) ? "number" : field.type === "TYPE_BOOL" ? "boolean" : "string";
    if (typeof value !== needed) throw wrong(path, `a ${needed} is needed, not ${JSON.stringify(value)}`);
    return value;
  }

  #typed({ "@type": url, ...members }: Members, path: string): object {
    if (typeof url !== "string") throw wrong(path, "@type is missing");
    // TypedStruct {type_url = 1, Struct value = 2} has the bytes of an Any {type_url = 1, bytes value = 2} that holds a Struct
    const value = this.#types.serialize("google.protobuf.Struct", struct(members));
    const typedStruct = this.#types.serialize("google.protobuf.Any", { type_url: url, value });
    return { type_url: "type.googleapis.com/xds.type.v3.TypedStruct", value: typedStruct };
  }
}
