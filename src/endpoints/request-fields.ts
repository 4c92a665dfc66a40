import { GatewayError } from "../lib/errors.ts";
import {
  type JsonMember,
  type JsonRange,
  lastMember,
  objectMembers,
  rawText,
  stringValue,
} from "../lib/json-scanner.ts";

const QUOTE = 0x22;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_F = 0x66;

/**
 * Typed reading of single members of a scanned request. Of members written twice the last counts; `null` counts as absent.
 * All throw GatewayError `invalid_field` with the member's path as `param` (R168).
 */
export class RequestFields {
  readonly #json: Uint8Array;
  readonly #members: readonly JsonMember[];
  readonly #path: string;

  constructor(json: Uint8Array, members: readonly JsonMember[], path = "") {
    this.#json = json;
    this.#members = members;
    this.#path = path;
  }

  string(name: string): string | undefined {
    const value = this.#told(name);
    if (value === undefined) return undefined;
    if (this.#json[value.start] !== QUOTE) throw this.#invalid(name, "a string");
    return stringValue(this.#json, value);
  }

  boolean(name: string): boolean | undefined {
    const value = this.#told(name);
    if (value === undefined) return undefined;
    const first = this.#json[value.start];
    if (first !== LETTER_T && first !== LETTER_F) throw this.#invalid(name, "true or false");
    return first === LETTER_T;
  }

  /** A whole number above 0; undefined when it is something else, which is for the provider to refuse. */
  count(name: string): number | undefined {
    const value = this.#told(name);
    if (value === undefined) return undefined;
    const count = Number(rawText(this.#json, value));
    return Number.isSafeInteger(count) && count > 0 ? count : undefined;
  }

  /** The members of an object; none when it is absent. */
  object(name: string): RequestFields {
    const value = this.#told(name);
    const members = value === undefined ? [] : objectMembers(this.#json, value);
    if (members === undefined) throw this.#invalid(name, "an object");
    return new RequestFields(this.#json, members, `${this.#path}${name}.`);
  }

  #told(name: string): JsonRange | undefined {
    const member = lastMember(this.#members, name);
    return member === undefined || this.#json[member.start] === LETTER_N ? undefined : member;
  }

  #invalid(name: string, expected: string): GatewayError {
    const param = `${this.#path}${name}`;
    return new GatewayError("invalid_field", `${param} must be ${expected}`, { param });
  }
}
