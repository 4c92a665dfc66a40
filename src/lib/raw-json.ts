/** JSON text that is copied as it stands wherever it is put (translation.md §2.4: raw splice). */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What `stringifyRaw` writes: plain JSON values and `RawJson`. Members that are undefined are left out. */
export type JsonOut =
  | string
  | number
  | boolean
  | null
  | undefined
  | RawJson
  | readonly JsonOut[]
  | { readonly [key: string]: JsonOut };

/** Like `JSON.stringify`, with every `RawJson` copied byte for byte. */
export function stringifyRaw(value: JsonOut): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map((element: JsonOut) => stringifyRaw(element ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members: string[] = [];
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) members.push(`${JSON.stringify(key)}:${stringifyRaw(member)}`);
    }
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}
