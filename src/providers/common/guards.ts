import { GatewayError } from "../../lib/errors.ts";
import type { JsonView } from "./json-view.ts";

/**
 * Typed reading of the client's request. `null` counts as absent everywhere.
 * All throw GatewayError `invalid_field` with the JSON path as `param` (R168).
 */

export function invalidField(view: JsonView, expected: string): GatewayError {
  const path = view.path === "" ? "the body" : view.path;
  const problem = view.told ? `must be ${expected}` : `is required and must be ${expected}`;
  return new GatewayError("invalid_field", `${path} ${problem}`, { param: view.path });
}

export function optionalString(view: JsonView): string | undefined {
  if (!view.told) return undefined;
  if (view.string === undefined) throw invalidField(view, "a string");
  return view.string;
}

export function requiredString(view: JsonView): string {
  const value = optionalString(view);
  if (value === undefined) throw invalidField(view, "a string");
  return value;
}

export function optionalNumber(view: JsonView): number | undefined {
  if (!view.told) return undefined;
  if (view.number === undefined) throw invalidField(view, "a number");
  return view.number;
}

/** An integer ≥ `minimum`. */
export function optionalInteger(view: JsonView, minimum = 0): number | undefined {
  const value = optionalNumber(view);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || value < minimum) throw invalidField(view, `an integer of at least ${minimum}`);
  return value;
}

export function optionalBoolean(view: JsonView): boolean | undefined {
  if (!view.told) return undefined;
  if (view.boolean === undefined) throw invalidField(view, "true or false");
  return view.boolean;
}

/** The elements; empty when absent. */
export function optionalArray(view: JsonView): readonly JsonView[] {
  if (!view.told) return [];
  if (view.elements === undefined) throw invalidField(view, "an array");
  return view.elements;
}

/** The view itself when it is an object; undefined when absent. */
export function optionalObject(view: JsonView): JsonView | undefined {
  if (!view.told) return undefined;
  if (!view.isObject) throw invalidField(view, "an object");
  return view;
}

export function requiredObject(view: JsonView): JsonView {
  if (!view.isObject) throw invalidField(view, "an object");
  return view;
}

export function optionalOneOf<const T extends string>(view: JsonView, allowed: readonly T[]): T | undefined {
  if (!view.told) return undefined;
  const value = allowed.find((candidate) => candidate === view.value);
  if (value === undefined) throw invalidField(view, `one of ${allowed.join(", ")}`);
  return value;
}
