/** Follows a JSON text that grows, to tell when the object or array that it is has ended. Keeps nothing of the text. */
export class JsonGrowth {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #complete = false;

  /** Every bracket that was opened is closed again. Scalars never count: more digits may follow. */
  get complete(): boolean {
    return this.#complete;
  }

  push(text: string): void {
    for (const character of text) {
      if (this.#inString) this.#readInString(character);
      else if (character === '"') this.#inString = true;
      else if (character === "{" || character === "[") this.#depth++;
      else if (character === "}" || character === "]") {
        this.#depth--;
        this.#complete ||= this.#depth === 0;
      }
    }
  }

  #readInString(character: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (character === "\\") this.#escaped = true;
    else if (character === '"') this.#inString = false;
  }
}
