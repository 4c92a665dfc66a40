import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from "yaml";
import type { Path, Position } from "./diagnostics.ts";
import type { Report, Source } from "./report.ts";

/** One YAML document with the places of its values. */
export interface YamlDocument extends Source {
  /** Plain JSON values. */
  readonly value: unknown;
  /** `${ENV}` in a Secret's `stringData` may be expanded. */
  readonly expandEnv: boolean;
}

const offsetOf = (node: unknown): number | undefined => (node as Node | null)?.range?.[0];

/** The parser's words, but for the one that speaks of itself. */
function inWords(message: string): string {
  return message.startsWith("Maximum call stack") ? "it is nested too deeply" : message;
}

/** The offset of the value at `path`, or of its nearest ancestor that was written. Collections in maps stand at their key. */
function find(document: Document, path: Path, part: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? document.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      const wantsKey = part === "key" && depth === path.length - 1;
      node = pair.value;
      const atKey = wantsKey || isCollection(node) || !isScalar(node) || node.value === null;
      const place = atKey && !isAlias(node) ? pair.key : node;
      offset = offsetOf(place) ?? offset;
    } else if (isSeq(node) && typeof step === "number") {
      const item: unknown = node.items[step];
      if (item === undefined) break;
      node = item;
      offset = offsetOf(item) ?? offset;
    } else break;
  }
  return offset;
}

/**
 * The documents of one file; empty ones are left out. Syntax errors go into the report, by line and column, without the text around
 * them (it may be a secret).
 */
export function parse(file: string, text: string, expandEnv: boolean, report: Report): readonly YamlDocument[] {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const documents: YamlDocument[] = [];
  for (const document of "empty" in parsed ? [] : parsed) {
    for (const error of document.errors) {
      report.error({ file, locate: () => at(error.pos[0]) }, [], `is not valid YAML: ${inWords(error.message)}`);
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const locate = (path: Path, part: "key" | "value" = "value"): Position => at(find(document, path, part));
    try {
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      if (value !== null) documents.push({ file, value, expandEnv, locate });
    } catch (error) {
      report.error({ file, locate }, [], `is not valid YAML: ${inWords((error as Error).message)}`);
    }
  }
  return documents;
}
