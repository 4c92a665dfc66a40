import { type Diagnostic, renderPath } from "../../config/diagnostics.ts";
import type { ObjectText, ResourceStore } from "../../resources/resource-store.ts";
import { keyOf, type ObjectKey, type StoredObject } from "../../resources/stored-object.ts";
import { type Programmed, statusFor } from "./conditions.ts";
import { typeOfKind } from "./resource-type.ts";
import { invalid, type StatusCause, type Subject } from "./status.ts";

export interface ChangeTools {
  readonly store: ResourceStore;
  /** What is to be told of all resources together: those of files, and these. */
  readonly check: (applied: readonly ObjectText[]) => readonly Diagnostic[];
  /**
   * Called when what is stored has changed and is valid: makes requests be served with it. Undefined = they are; else why they are not
   * yet, in words for the operator.
   */
  readonly applied: () => Promise<string | undefined>;
  readonly nowMs: () => number;
}

/** An object after a change, and what there is to say about it. */
export interface Changed {
  readonly object: StoredObject;
  readonly warnings: readonly string[];
}

const isError = ({ severity }: Diagnostic): boolean => severity === "error";
const place = ({ path, message }: Diagnostic): string =>
  path.length === 0 ? message : `${renderPath(path)}: ${message}`;

/** The way of every change: it is checked with everything else, kept, made effective, and all statuses are brought up to date. */
export class Changes {
  readonly #tools: ChangeTools;
  #programmed: Programmed = { state: "programmed" };

  constructor(tools: ChangeTools) {
    this.#tools = tools;
  }

  /**
   * Called inside `store.exclusively`, as everything here.
   * @throws KubeError (422) when there would be errors that there are not now
   */
  async put(subject: Subject, next: StoredObject, dryRun: boolean): Promise<Changed> {
    const { store, check } = this.#tools;
    const key = keyOf(next);
    const diagnostics = check(store.texts({ changed: next }));
    const path = store.pathOf(key);
    this.#refuseErrors(subject, next.metadata.name, path, diagnostics);
    const own = diagnostics.filter(({ file }) => file === path);
    const told = own.filter(({ severity }) => severity === "warning" || severity === "unresolved").map(place);
    if (dryRun) return { object: next, warnings: told };
    const kept = await store.put(next);
    await this.#settle(diagnostics);
    return { object: store.get(key) ?? kept, warnings: [...told, ...this.#pending()] };
  }

  /** The warnings. What others miss from now on is no reason to keep it: their status says so. */
  async remove(keys: readonly ObjectKey[]): Promise<readonly string[]> {
    for (const key of keys) await this.#tools.store.remove(key);
    await this.refresh();
    return this.#pending();
  }

  /** Brings every status up to date, also when files have changed. */
  async refresh(): Promise<void> {
    const { store, check } = this.#tools;
    await this.#settle(check(store.texts()));
  }

  #pending(): readonly string[] {
    return this.#programmed.state === "programmed" ? [] : [this.#programmed.why];
  }

  #refuseErrors(subject: Subject, name: string, path: string, diagnostics: readonly Diagnostic[]): void {
    const errors = diagnostics.filter(isError);
    if (errors.length === 0) return;
    const { store, check } = this.#tools;
    const text = ({ file, path: where, message }: Diagnostic): string => JSON.stringify([file, where, message]);
    const known = new Set(errors.every(({ file }) => file === path) ? [] : check(store.texts()).map(text));
    const causes = errors
      .filter((error) => error.file === path || !known.has(text(error)))
      .map((error): StatusCause => {
        const isOwn = error.file === path;
        const message = isOwn ? error.message : `${error.file}:${error.line}: ${place(error)}`;
        return { reason: "FieldValueInvalid", message, field: (isOwn && renderPath(error.path)) || "metadata.name" };
      });
    if (causes.length > 0) throw invalid(subject, name, causes);
  }

  async #settle(diagnostics: readonly Diagnostic[]): Promise<void> {
    this.#programmed = await this.#program(diagnostics.filter(isError));
    const { store, nowMs } = this.#tools;
    for (const object of store.list({})) {
      const key = keyOf(object);
      if (typeOfKind(key.group, key.kind)?.hasConditions !== true) continue;
      const path = store.pathOf(key);
      const own = diagnostics.filter(({ file }) => file === path);
      await store.setStatus(key, statusFor(object, own, this.#programmed, nowMs()));
    }
  }

  async #program(errors: readonly Diagnostic[]): Promise<Programmed> {
    const [error] = errors;
    if (error !== undefined) {
      const why = `the gateway keeps its last good configuration, because of ${error.file}:${error.line}: ${place(error)}`;
      return { state: "invalid", why };
    }
    try {
      const why = await this.#tools.applied();
      return why === undefined ? { state: "programmed" } : { state: "pending", why };
    } catch (thrown) {
      return { state: "pending", why: `could not be made effective: ${(thrown as Error).message}` };
    }
  }
}
