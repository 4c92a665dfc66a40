/** A header field as it crosses HPACK. Tables share these objects, so whatever is known of a field is found out once. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** What it counts for in tables and header lists: both lengths and 32. */
  readonly size: number;
  /** RFC 9113 §8.2.1: a lower-case name of visible characters (`:` only in front), a value without NUL, CR, LF and blanks around. */
  readonly wellFormed: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const badName = /[\x00-\x20A-Z\x7f-\xff]|.:|^:?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const badValue = /[\x00\r\n]|^[ \t]|[ \t]$/;

/** Both as latin1. */
export function headerField(name: string, value: string): HeaderField {
  return {
    name,
    value,
    size: name.length + value.length + 32,
    wellFormed: !badName.test(name) && !badValue.test(value),
  };
}
