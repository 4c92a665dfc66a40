import { utf8Bytes } from "../../lib/bytes.ts";
import { type ErrorCode, GatewayError } from "../../lib/errors.ts";
import { arrayElements, type JsonRange, objectMembers, rawText, scanDocument } from "../../lib/json-scanner.ts";
import { RawJson } from "../../lib/raw-json.ts";

type Step = { readonly parent: JsonView; readonly key: string | number };

/** A JSON text as it came; text is encoded only when bytes are wanted. */
class JsonSource {
  readonly #invalid: ErrorCode;
  #text: string | Uint8Array;

  constructor(text: string | Uint8Array, invalid: ErrorCode) {
    this.#text = text;
    this.#invalid = invalid;
  }

  /** @throws GatewayError: `JSON.parse` takes deeper nesting than the scanner */
  root(): JsonRange {
    try {
      return scanDocument(this.bytes);
    } catch (cause) {
      throw new GatewayError(this.#invalid, "the JSON text is nested too deeply", { cause });
    }
  }

  get bytes(): Uint8Array {
    if (typeof this.#text === "string") this.#text = utf8Bytes(this.#text);
    return this.#text;
  }
}

/**
 * A JSON value together with where it lies: its path, for messages, and the bytes it was written with, for raw splices
 * (translation.md §2.4). Nothing here throws for a value of another type: accessors answer `undefined`, guards
 * (guards.ts) decide what that means. Bytes are located on first use only, one scan per container.
 */
export class JsonView {
  /** undefined when there is no such value. */
  readonly value: unknown;
  /** As in error messages, e.g. `messages[2].content[1]`; empty for the document. */
  readonly path: string;
  readonly #source: JsonSource;
  readonly #step: Step | undefined;
  #range: JsonRange | undefined;
  #memberRanges: Map<string, JsonRange> | undefined;
  #elementRanges: readonly JsonRange[] | undefined;

  private constructor(source: JsonSource, value: unknown, path: string, step: Step | undefined) {
    this.#source = source;
    this.value = value;
    this.path = path;
    this.#step = step;
  }

  /**
   * `value` is what `JSON.parse` makes of `text`.
   * @param invalid code of the error that `raw` throws when the text cannot be scanned
   */
  static document(text: string | Uint8Array, value: unknown, invalid: ErrorCode = "invalid_json"): JsonView {
    return new JsonView(new JsonSource(text, invalid), value, "", undefined);
  }

  /** Neither absent nor `null`. */
  get told(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get isObject(): boolean {
    return typeof this.value === "object" && this.value !== null && !Array.isArray(this.value);
  }

  get string(): string | undefined {
    return typeof this.value === "string" ? this.value : undefined;
  }

  /** Finite numbers only (`1e400` parses to infinity). */
  get number(): number | undefined {
    return typeof this.value === "number" && Number.isFinite(this.value) ? this.value : undefined;
  }

  get boolean(): boolean | undefined {
    return typeof this.value === "boolean" ? this.value : undefined;
  }

  /** The member of that name, or a view of nothing at its path. */
  member(name: string): JsonView {
    const value =
      this.isObject && Object.hasOwn(this.value as object, name)
        ? (this.value as Record<string, unknown>)[name]
        : undefined;
    return new JsonView(this.#source, value, this.path === "" ? name : `${this.path}.${name}`, {
      parent: this,
      key: name,
    });
  }

  /** Names of the members, in order; empty when this is not an object. */
  get names(): readonly string[] {
    return this.isObject ? Object.keys(this.value as object) : [];
  }

  /** undefined when this is not an array. */
  get elements(): readonly JsonView[] | undefined {
    if (!Array.isArray(this.value)) return undefined;
    return this.value.map(
      (value: unknown, index) =>
        new JsonView(this.#source, value, `${this.path}[${index}]`, { parent: this, key: index }),
    );
  }

  /** The value exactly as it was written. Only for values that exist. */
  get raw(): RawJson {
    return new RawJson(rawText(this.#source.bytes, this.#located()));
  }

  #located(): JsonRange {
    this.#range ??= this.#step === undefined ? this.#source.root() : this.#step.parent.#childRange(this.#step.key);
    return this.#range;
  }

  #childRange(key: string | number): JsonRange {
    const range = typeof key === "number" ? this.#elements()[key] : this.#members().get(key);
    if (range === undefined) throw new Error(`no JSON value at ${this.path}, ${key}`);
    return range;
  }

  #elements(): readonly JsonRange[] {
    this.#elementRanges ??= arrayElements(this.#source.bytes, this.#located()) ?? [];
    return this.#elementRanges;
  }

  /** Of members written twice the last counts, as for `JSON.parse`. */
  #members(): Map<string, JsonRange> {
    if (this.#memberRanges === undefined) {
      const members = objectMembers(this.#source.bytes, this.#located()) ?? [];
      this.#memberRanges = new Map(members.map((member) => [member.key, member]));
    }
    return this.#memberRanges;
  }
}
