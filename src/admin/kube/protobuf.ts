import { badRequest } from "./status.ts";
import { readFields, WireError } from "./wire.ts";

/** What a field of a message is called in JSON, and how its value is read. */
type FieldReader = readonly [name: string, read: (value: number | Buffer) => unknown, many?: "map"];
type Fields = Readonly<Record<number, FieldReader>>;

const magic = Buffer.from("k8s\0");

function bytesOf(value: number | Buffer): Buffer {
  if (typeof value === "number") throw new WireError("a field has another type than expected");
  return value;
}
const text = (value: number | Buffer): string => bytesOf(value).toString("utf8");
const base64 = (value: number | Buffer): string => bytesOf(value).toString("base64");
const flag = (value: number | Buffer): boolean => value === 1;
const message =
  (fields: Fields) =>
  (value: number | Buffer): Record<string, unknown> =>
    readMessage(bytesOf(value), fields);

/** An entry of a map: key 1, value 2. */
function entry(read: (value: number | Buffer) => unknown): (value: number | Buffer) => Record<string, unknown> {
  return (value) => {
    const { key = "", value: found = "" } = readMessage(bytesOf(value), { 1: ["key", text], 2: ["value", read] });
    return { [String(key)]: found };
  };
}

const metadata: Fields = {
  1: ["name", text],
  3: ["namespace", text],
  5: ["uid", text],
  6: ["resourceVersion", text],
  11: ["labels", entry(text), "map"],
  12: ["annotations", entry(text), "map"],
};

/** The kinds that `kubectl create` sends as protobuf. */
const kinds: Readonly<Record<string, Fields>> = {
  Secret: {
    1: ["metadata", message(metadata)],
    2: ["data", entry(base64), "map"],
    3: ["type", text],
    4: ["stringData", entry(text), "map"],
    5: ["immutable", flag],
  },
  ConfigMap: {
    1: ["metadata", message(metadata)],
    2: ["data", entry(text), "map"],
    3: ["binaryData", entry(base64), "map"],
    4: ["immutable", flag],
  },
  Namespace: { 1: ["metadata", message(metadata)] },
};

const typeMeta: Fields = { 1: ["apiVersion", text], 2: ["kind", text] };
const envelope: Fields = { 1: ["typeMeta", message(typeMeta)], 2: ["raw", bytesOf] };

/** Fields without a name here are passed over. */
function readMessage(bytes: Buffer, fields: Fields): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { number, value } of readFields(bytes)) {
    const [name, read, many] = fields[number] ?? [];
    if (name === undefined || read === undefined) continue;
    const decoded = read(value);
    found[name] = many === "map" ? { ...(found[name] as object | undefined), ...(decoded as object) } : decoded;
  }
  // strings that are empty are sent all the same
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ""));
}

/**
 * An object in Kubernetes' protobuf form (`application/vnd.kubernetes.protobuf`): clients from 1.32 on create Secrets, ConfigMaps and
 * namespaces with it and do not fall back to JSON.
 * @throws KubeError for other kinds, and for bytes that are no such message
 */
export function decodeProtobuf(bytes: Buffer): Record<string, unknown> {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw badRequest("the body is no Kubernetes protobuf message");
  try {
    const { typeMeta: type, raw } = readMessage(bytes.subarray(magic.length), envelope) as {
      typeMeta?: { apiVersion?: string; kind?: string };
      raw?: Buffer;
    };
    const kind = type?.kind ?? "";
    const fields = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (fields === undefined || type?.apiVersion !== "v1")
      throw badRequest(`${kind || "an object without a kind"} is not read as protobuf; send JSON`);
    return { apiVersion: "v1", kind, ...readMessage(raw ?? Buffer.alloc(0), fields) };
  } catch (error) {
    if (error instanceof WireError) throw badRequest(`the body is no valid protobuf message: ${error.message}`);
    throw error;
  }
}
