import type { Vocabulary, VocabularyName } from "./vocabulary.ts";

export interface VocabulariesOptions {
  readonly load: (name: VocabularyName) => Promise<Vocabulary>;
  /** A vocabulary cannot be loaded; bytes stand for its tokens from now on. */
  readonly onLost: (name: VocabularyName, reason: unknown) => void;
}

/** The vocabularies in memory. Each is loaded once, when it is first asked for. */
export class Vocabularies {
  readonly #options: VocabulariesOptions;
  readonly #loading = new Map<VocabularyName, Promise<void>>();
  readonly #loaded = new Map<VocabularyName, Vocabulary>();

  constructor(options: VocabulariesOptions) {
    this.#options = options;
  }

  /** Resolves when it is there or lost; never rejects. */
  load(name: VocabularyName): Promise<void> {
    let loading = this.#loading.get(name);
    if (loading === undefined) {
      loading = this.#load(name);
      this.#loading.set(name, loading);
    }
    return loading;
  }

  /** The vocabulary if it is there; if not, it is loaded in the background. */
  get(name: VocabularyName): Vocabulary | undefined {
    void this.load(name);
    return this.#loaded.get(name);
  }

  async #load(name: VocabularyName): Promise<void> {
    try {
      this.#loaded.set(name, await this.#options.load(name));
    } catch (reason) {
      // counting goes on without it, by bytes
      this.#options.onLost(name, reason);
    }
  }
}
