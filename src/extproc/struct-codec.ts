import { readMapEntry } from "../lib/protobuf/map-entry.ts";
import type { ProtoReader } from "../lib/protobuf/reader.ts";
import type { ProtoWriter } from "../lib/protobuf/writer.ts";
import type { ProtoStruct, ProtoValue } from "./messages.ts";

/** A google.protobuf.Struct that is the field at hand. */
export function readStruct(reader: ProtoReader): ProtoStruct {
  const outer = reader.enter();
  let fields: Record<string, ProtoValue> | undefined;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) {
      fields ??= {};
      readMapEntry(reader, fields, readValue, () => ({}));
    } else reader.skip(tag);
  }
  reader.leave(outer);
  return fields === undefined ? {} : { fields };
}

function readValue(reader: ProtoReader): ProtoValue {
  const outer = reader.enter();
  let value: ProtoValue = {};
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    // the last one holds: they are alternatives
    if (tag === 0x11) value = { numberValue: reader.double() };
    else if (tag === 0x1a) value = { stringValue: reader.string() };
    else if (tag === 0x20) value = { boolValue: reader.bool() };
    else if (tag === 0x2a) value = { structValue: readStruct(reader) };
    else if (tag === 0x32) value = { listValue: readList(reader) };
    else reader.skip(tag);
  }
  reader.leave(outer);
  return value;
}

function readList(reader: ProtoReader): { values?: readonly ProtoValue[] } {
  const outer = reader.enter();
  const values: ProtoValue[] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) values.push(readValue(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return values.length === 0 ? {} : { values };
}

/** The contents of a Struct: `begin` and `end` are the caller's. */
export function writeStruct(writer: ProtoWriter, { fields = {} }: ProtoStruct): void {
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined) continue;
    writer.begin(1);
    writer.string(1, key);
    writer.begin(2);
    writeValue(writer, value);
    writer.end();
    writer.end();
  }
}

function writeValue(writer: ProtoWriter, value: ProtoValue): void {
  if (value.stringValue !== undefined) writer.string(3, value.stringValue);
  else if (value.numberValue !== undefined) writer.double(2, value.numberValue);
  else if (value.boolValue !== undefined) writer.bool(4, value.boolValue);
  else if (value.structValue !== undefined) {
    writer.begin(5);
    writeStruct(writer, value.structValue);
    writer.end();
  } else if (value.listValue !== undefined) {
    writer.begin(6);
    for (const element of value.listValue.values ?? []) {
      writer.begin(1);
      writeValue(writer, element);
      writer.end();
    }
    writer.end();
  }
}
