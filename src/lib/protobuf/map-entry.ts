import type { ProtoReader } from "./reader.ts";

/** Reads an entry of a map with string keys into `record`. `__proto__` would not be a member and is left out. */
export function readMapEntry<Value>(
  reader: ProtoReader,
  record: Record<string, Value>,
  read: (reader: ProtoReader) => Value,
  absent: () => Value,
): void {
  const outer = reader.enter();
  let key = "";
  let value: Value | undefined;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) key = reader.string();
    else if (tag === 0x12) value = read(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (key !== "__proto__") record[key] = value ?? absent();
}
