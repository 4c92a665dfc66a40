export type Severity = "error" | "unresolved" | "warning" | "info";

/** Steps from the top of a document to a value, e.g. `["spec", "rules", 0, "name"]`. */
export type Path = readonly (string | number)[];

/** Line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Something to tell about one place of one file (resources.md §1). `error`: the resource is invalid and refused; `unresolved`: it is
 * accepted, and what it refers to is not there yet; `warning`: probably not what was meant; `info`: read and not used.
 * `message` says what to do. It never holds a value of a Secret.
 */
export interface Diagnostic extends Position {
  readonly severity: Severity;
  readonly file: string;
  readonly path: Path;
  readonly message: string;
}

/** `spec.rules[0].name`; keys that are not plain words are quoted. */
export function renderPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** `file:line:column path: message`; what is not an error says its severity before the message. */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, path, severity, message } = diagnostic;
  const place = `${file}:${line}:${column}${path.length === 0 ? "" : ` ${renderPath(path)}`}`;
  return `${place}: ${severity === "error" ? "" : `${severity}: `}${message}`;
}

/** In the order of files (as given), lines and columns. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  const rank = new Map(files.map((file, index) => [file, index]));
  const rankOf = (diagnostic: Diagnostic): number => rank.get(diagnostic.file) ?? files.length;
  return [...diagnostics].sort((a, b) => rankOf(a) - rankOf(b) || a.line - b.line || a.column - b.column);
}
