import { type Diagnostic, type Path, type Position, renderDiagnostic, type Severity } from "./diagnostics.ts";

/** Where a value was written: `key` asks for the place of a map's key instead of its value. */
export interface Source {
  readonly file: string;
  readonly locate: (path: Path, part?: "key" | "value") => Position;
}

/** Collects every problem of a load, so that all are told at once. */
export class Report {
  readonly strict: boolean;
  readonly #diagnostics: Diagnostic[] = [];

  /** `strict`: references across namespaces and targets that do not exist are errors. */
  constructor(strict: boolean) {
    this.strict = strict;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  get failed(): boolean {
    return this.#diagnostics.some(({ severity }) => severity === "error");
  }

  add(severity: Severity, source: Source, path: Path, message: string, part: "key" | "value" = "value"): void {
    this.#diagnostics.push({ severity, file: source.file, ...source.locate(path, part), path, message });
  }

  error(source: Source, path: Path, message: string): void {
    this.add("error", source, path, message);
  }

  unresolved(source: Source, path: Path, message: string): void {
    this.add("unresolved", source, path, message);
  }

  warning(source: Source, path: Path, message: string): void {
    this.add("warning", source, path, message);
  }

  /** A warning that `--strict` makes an error. */
  strictWarning(source: Source, path: Path, message: string): void {
    this.add(this.strict ? "error" : "warning", source, path, message);
  }

  info(source: Source, path: Path, message: string): void {
    this.add("info", source, path, message);
  }
}

/** A line for each; empty when there is none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(renderDiagnostic).join("\n");
}
