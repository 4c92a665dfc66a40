const maxLength = 200;

/** Names of the documents of one request: Converse takes few characters in them, and none twice (R90). */
export class DocumentNames {
  readonly #taken = new Set<string>();

  /** The file's name without its extension, as far as it may be told; made unique by a number. */
  take(filename: string | undefined): string {
    const name = legalName(filename ?? "");
    for (let number = 1; ; number++) {
      const suffix = number === 1 ? "" : `-${number}`;
      const unique = name.slice(0, maxLength - suffix.length).trimEnd() + suffix;
      if (this.#taken.has(unique)) continue;
      this.#taken.add(unique);
      return unique;
    }
  }
}

function legalName(filename: string): string {
  const stem = filename.replace(/\.[^.]*$/, "");
  const legal = stem.replace(/[^A-Za-z0-9()[\]-]+/g, " ").trim();
  return legal === "" ? "document" : legal;
}
