import { fileURLToPath } from "node:url";
import { loadSync } from "@grpc/proto-loader";

const root = fileURLToPath(new URL("../../proto/", import.meta.url));

/** A field of a message, as its descriptor names it. */
export interface ProtoField {
  readonly name: string;
  readonly repeated: boolean;
  /** `TYPE_MESSAGE`, `TYPE_ENUM`, `TYPE_STRING` … */
  readonly type: string;
  /** Of messages and enums; as it was written in the .proto file, so relative to the message around it. */
  readonly typeName: string;
}

export interface ProtoMessage {
  readonly kind: "message";
  /** `envoy.config.cluster.v3.Cluster` */
  readonly name: string;
  readonly fields: ReadonlyMap<string, ProtoField>;
  /** The value's field of map fields, by the name of their entry type. */
  readonly mapValues: ReadonlyMap<string, ProtoField>;
}

export interface ProtoEnum {
  readonly kind: "enum";
  readonly values: ReadonlySet<string>;
}

interface FieldDescriptor {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}

interface EnumDescriptor {
  readonly name: string;
  readonly value: readonly { readonly name: string }[];
}

interface MessageDescriptor {
  readonly name: string;
  readonly field: readonly FieldDescriptor[];
  readonly nestedType: readonly MessageDescriptor[];
  readonly enumType: readonly EnumDescriptor[];
  readonly options: { readonly mapEntry: boolean } | null;
}

function fieldOf({ name, label, type, typeName }: FieldDescriptor): ProtoField {
  return { name, type, typeName, repeated: label === "LABEL_REPEATED" };
}

/** The message and enum types of some vendored .proto files and of everything that they import. */
export class ProtoTypes {
  readonly #types = new Map<string, ProtoMessage | ProtoEnum>();
  readonly #serializers = new Map<string, (value: object) => Buffer>();

  /** Takes half a second for Envoy's configuration. @param files relative to `proto/` */
  constructor(files: readonly string[]) {
    const definitions = loadSync([...files], { keepCase: true, longs: Number, enums: String, includeDirs: [root] });
    for (const [name, definition] of Object.entries(definitions)) {
      if (!("format" in definition)) continue;
      if ("serialize" in definition) {
        this.#addMessage(name, definition.type as MessageDescriptor);
        this.#serializers.set(name, definition.serialize as (value: object) => Buffer);
      } else this.#addEnum(name, definition.type as EnumDescriptor);
    }
  }

  /** The type that `typeName` means inside of the message `scope`: the innermost that has this name. */
  find(typeName: string, scope = ""): ProtoMessage | ProtoEnum {
    for (let around = scope; ; around = around.slice(0, Math.max(0, around.lastIndexOf(".")))) {
      const found = this.#types.get(around === "" ? typeName : `${around}.${typeName}`);
      if (found !== undefined) return found;
      if (around === "") throw new Error(`no type ${typeName} in the vendored protos`);
    }
  }

  /** @param value in the form that proto-loader takes: names as in the file, enums as strings */
  serialize(typeName: string, value: object): Buffer {
    const serializer = this.#serializers.get(typeName);
    if (serializer === undefined) throw new Error(`no type ${typeName} in the vendored protos`);
    return serializer(value);
  }

  #addMessage(name: string, descriptor: MessageDescriptor): void {
    const mapValues = new Map<string, ProtoField>();
    for (const nested of descriptor.nestedType) {
      const value =
        nested.options?.mapEntry === true ? nested.field.find((field) => field.name === "value") : undefined;
      if (value === undefined) this.#addMessage(`${name}.${nested.name}`, nested);
      else mapValues.set(nested.name, fieldOf(value));
    }
    for (const nested of descriptor.enumType) this.#addEnum(`${name}.${nested.name}`, nested);
    const fields = new Map(descriptor.field.map((field) => [field.name, fieldOf(field)]));
    this.#types.set(name, { kind: "message", name, fields, mapValues });
  }

  #addEnum(name: string, descriptor: EnumDescriptor): void {
    this.#types.set(name, { kind: "enum", values: new Set(descriptor.value.map((value) => value.name)) });
  }
}
