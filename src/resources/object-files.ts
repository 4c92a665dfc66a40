import type { ObjectKey } from "./stored-object.ts";

/** Where objects are kept: a text for each. */
export interface ObjectFiles {
  /** What was kept, in no order. */
  readAll(): readonly { readonly path: string; readonly text: string }[];
  /** Where an object's text is kept, in words for diagnostics. */
  pathOf(key: ObjectKey): string;
  /** Either the whole text is kept afterwards or, when it fails, what was there before. */
  write(key: ObjectKey, text: string): Promise<void>;
  remove(key: ObjectKey): Promise<void>;
  /** The highest version that may have been given out before; 0 = none. */
  readVersionBound(): number;
  writeVersionBound(version: number): Promise<void>;
}
