import { parseArgs } from "node:util";

/** Where a command writes and what it reads from its surroundings. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A mistake in how a command was called; its message ends in what to do. Exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: boolean;
}

export type OptionValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** @throws UsageError for unknown options and missing values */
export function parseOptions(
  args: readonly string[],
  specs: Readonly<Record<string, OptionSpec>>,
): { values: OptionValues; positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: specs, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
}

/** @throws UsageError unless it is a port number (0 = any free one) */
export function portOption(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const port = Number(value);
  if (typeof value !== "string" || !/^\d+$/.test(value) || port > 65_535)
    throw new UsageError(`--${name} must be a port number, not ${String(value)}`);
  return port;
}

export function textOption(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function listOption(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** One of the words, the first when none was given. @throws UsageError for any other */
export function wordOption<Word extends string>(value: unknown, name: string, words: readonly [Word, ...Word[]]): Word {
  if (value === undefined) return words[0];
  const found = words.find((word) => word === value);
  if (found === undefined) throw new UsageError(`--${name} must be ${words.join(" or ")}, not ${String(value)}`);
  return found;
}
