const shown = 10;

function list(verb: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > shown ? ` and ${names.length - shown} more` : "";
  return [`${verb} ${names.slice(0, shown).join(", ")}${more}`];
}

/** What differs between two loads, e.g. `added AIBackend default/b; removed Secret default/s`; empty = nothing that counts. */
export function writtenChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string {
  const names = [...after.keys()];
  return [
    ...list(
      "added",
      names.filter((name) => !before.has(name)),
    ),
    ...list(
      "changed",
      names.filter((name) => before.has(name) && before.get(name) !== after.get(name)),
    ),
    ...list(
      "removed",
      [...before.keys()].filter((name) => !after.has(name)),
    ),
  ].join("; ");
}
