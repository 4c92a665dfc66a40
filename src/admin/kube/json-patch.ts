import { isDeepStrictEqual } from "node:util";
import { isObject } from "./body.ts";
import { badRequest } from "./status.ts";

type Container = Record<string, unknown> | unknown[];

function steps(pointer: unknown): readonly string[] {
  if (pointer === "") return [];
  if (typeof pointer !== "string" || !pointer.startsWith("/"))
    throw badRequest("a path of the JSON patch is no pointer");
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function indexIn(list: readonly unknown[], step: string, isNew: boolean): number {
  const index = step === "-" && isNew ? list.length : Number(step);
  const last = isNew ? list.length : list.length - 1;
  if (!/^(?:\d+|-)$/.test(step) || index > last) throw badRequest(`the JSON patch names no item: ${step}`);
  return index;
}

function child(container: unknown, step: string): unknown {
  if (Array.isArray(container)) return container[indexIn(container, step, false)] as unknown;
  if (isObject(container) && Object.hasOwn(container, step)) return container[step];
  throw badRequest(`the JSON patch names a member that is not there: ${step}`);
}

/** A document in a list of one, so that the whole of it is a child as well. */
class Patched {
  readonly #root: [unknown];

  constructor(document: unknown) {
    this.#root = [structuredClone(document)];
  }

  get document(): unknown {
    return this.#root[0];
  }

  get(pointer: unknown): unknown {
    return steps(pointer).reduce(child, this.document);
  }

  set(pointer: unknown, value: unknown, isNew: boolean): void {
    const [container, last] = this.#place(pointer);
    if (!Array.isArray(container)) {
      if (!isNew) child(container, last);
      container[last] = value;
    } else if (isNew && container !== this.#root) container.splice(indexIn(container, last, true), 0, value);
    else container[indexIn(container, last, false)] = value;
  }

  remove(pointer: unknown): void {
    const [container, last] = this.#place(pointer);
    child(container, last);
    if (Array.isArray(container)) container.splice(Number(last), 1);
    else delete container[last];
  }

  #place(pointer: unknown): readonly [Container, string] {
    const path = ["0", ...steps(pointer)];
    const last = path.pop() ?? "";
    if (last === "__proto__") throw badRequest("the JSON patch names no member");
    const container = path.reduce<unknown>(child, this.#root);
    if (!Array.isArray(container) && !isObject(container)) throw badRequest("the JSON patch goes below a plain value");
    return [container as Container, last];
  }
}

/** RFC 6902. @throws KubeError when an operation cannot be done */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is a list of operations");
  const patched = new Patched(document);
  for (const operation of patch as readonly unknown[]) {
    const { op, path, from, value } = isObject(operation) ? operation : {};
    if (op === "add") patched.set(path, value, true);
    else if (op === "replace") patched.set(path, value, false);
    else if (op === "remove") patched.remove(path);
    else if (op === "copy") patched.set(path, structuredClone(patched.get(from)), true);
    else if (op === "move") {
      const moved = patched.get(from);
      patched.remove(from);
      patched.set(path, moved, true);
    } else if (op !== "test") throw badRequest("an operation of the JSON patch is unknown");
    else if (!isDeepStrictEqual(patched.get(path), value))
      throw badRequest(`a test of the JSON patch failed at ${String(path)}`);
  }
  return patched.document;
}
