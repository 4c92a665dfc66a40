/** The vocabularies that providers have published. */
export type VocabularyName = "o200k" | "cl100k";

/** Counts text as one vocabulary does. Text that spells a special token is text like any other. */
export interface Vocabulary {
  /** Cuts text into the pieces that are encoded one by one, whatever stands beside them. */
  readonly pieces: RegExp;
  /** Tokens of one piece. The time grows with the square of its length: the caller bounds it. */
  countPiece(piece: string): number;
}

/** Who sends the models whose vocabularies OpenAI has published. Names mean nothing at other providers. */
const providers = new Set(["openai", "azureopenai"]);

/** By the beginning of the model's name, as in OpenAI's library tiktoken; the first that matches. Fine-tuned models are named after their base. */
const families: readonly (readonly [RegExp, VocabularyName])[] = [
  [/^(?:ft:)?(?:chat)?gpt-(?:4o|4\.1|4\.5|5)(?![0-9])/, "o200k"],
  [/^(?:ft:)?o[134](?![0-9a-z])/, "o200k"],
  [/^(?:ft:)?gpt-(?:4|3\.5|35)(?![0-9.a-z])/, "cl100k"],
];

/** The vocabulary of a model; undefined when it is not known. */
export function vocabularyOfModel(model: string): VocabularyName | undefined {
  return families.find(([name]) => name.test(model))?.[1];
}

/** The vocabulary that a provider counts a model's input with; undefined when it is not known. */
export function vocabularyOf(provider: string, model: string): VocabularyName | undefined {
  return providers.has(provider) ? vocabularyOfModel(model) : undefined;
}
