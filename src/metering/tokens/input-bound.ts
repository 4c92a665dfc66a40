import type { ClientRequest } from "../../core/endpoint.ts";
import { estimateInputTokens, tokensPerAttachment } from "../estimate.ts";
import { imageTokens } from "./attachment-tokens.ts";
import { countRequest, type RequestCount } from "./count-request.ts";
import { LearnedRatio } from "./learned-ratio.ts";
import { loadVocabulary } from "./load-vocabulary.ts";
import { Turns } from "./turns.ts";
import { Vocabularies } from "./vocabularies.ts";
import { type Vocabulary, type VocabularyName, vocabularyOf, vocabularyOfModel } from "./vocabulary.ts";

export interface InputBound {
  /** The request has no more input tokens than this (limits.md L31). */
  readonly most: number;
  /** It probably has about so many. */
  readonly likely: number;
  /** All of its text was counted with the model's own vocabulary. */
  readonly exact: boolean;
}

export interface InputTokensOptions {
  readonly nowMs: () => number;
  /** Calls back in a later turn of the event loop (`setImmediate`). */
  readonly onNextTurn: (callback: () => void) => void;
  readonly onVocabularyLost: (name: VocabularyName, reason: unknown) => void;
  /** gpt-tokenizer's, unless a test says otherwise. */
  readonly loadVocabulary?: (name: VocabularyName) => Promise<Vocabulary>;
}

/** With the longest step that follows, a turn stays below 5 ms. */
const sliceMs = 2;
/** What a vocabulary may take of one request; the rest of its text counts as bytes. */
const countingMs = 50;

/**
 * What a string may add to its own tokens: a role's marks, quotes and a comma around it in a schema, a new line and its indent,
 * the blank that some vocabularies put before each text. OpenAI's messages add 3 and 1 for a name, and have two strings at least.
 */
const perString = 4;
/** The beginning of the answer (3 at OpenAI), the frame around its tools (9), and as much again. */
const perRequest = 24;
/** Instructions for tools that other providers add; Anthropic documents 159 to 530. */
const perToolPrompt = 1_000;

/** Input tokens of requests before they are sent. */
export class InputTokens {
  readonly #turns: Turns;
  readonly #vocabularies: Vocabularies;
  readonly #ratio = new LearnedRatio();

  constructor(options: InputTokensOptions) {
    const { nowMs, onNextTurn } = options;
    this.#turns = new Turns({ nowMs, onNextTurn, sliceMs, carefulMs: countingMs });
    const nextTurn = (): Promise<void> => new Promise((resolve) => onNextTurn(resolve));
    this.#vocabularies = new Vocabularies({
      load: options.loadVocabulary ?? ((name) => loadVocabulary(name, nextTurn)),
      onLost: options.onVocabularyLost,
    });
  }

  /**
   * Upper bound and likely number of input tokens of a request as this provider's model will count it. Counts in slices, so that
   * no turn takes more than 5 ms. Never rejects. A vocabulary that is not there yet is loaded meanwhile, and bytes stand for it.
   * @param provider the backend's `providerName`
   * @param model the name that is sent upstream
   */
  async bound(request: ClientRequest, provider: string, model: string): Promise<InputBound> {
    const { raw } = request;
    const name = vocabularyOf(provider, model);
    const vocabulary = name === undefined ? undefined : this.#vocabularies.get(name);
    const perImage = imageTokens(model);
    const ratio = this.#ratio.bytesPerToken(provider, model);
    try {
      const count = await this.#turns.run(countRequest(raw, vocabulary, perImage));
      const most = mostTokens(count) + (name === undefined && count.hasTools ? perToolPrompt : 0);
      const likely = vocabulary === undefined ? estimateInputTokens(raw, ratio) : likelyTokens(count, ratio);
      return { most, likely: Math.min(likely, most), exact: vocabulary !== undefined && count.bytes === 0 };
    } catch {
      // raw is no JSON, so it is one file, and nothing is known of it but its size
      const most = raw.length + perImage + perRequest;
      return { most, likely: Math.min(estimateInputTokens(raw, ratio), most), exact: false };
    }
  }

  /** A provider told how many input tokens a request of so many bytes really had. */
  settled(provider: string, model: string, requestBytes: number, inputTokens: number): void {
    this.#ratio.settled(provider, model, requestBytes, inputTokens);
  }

  /** Loads the vocabularies of these models, so that the first requests are counted exactly. Never rejects. */
  async preload(models: readonly string[]): Promise<void> {
    const names = new Set(models.map(vocabularyOfModel).filter((name) => name !== undefined));
    // one after the other: each stalls the event loop
    for (const name of names) await this.#vocabularies.load(name);
  }
}

function mostTokens(count: RequestCount): number {
  const { counted, bytes, structure, strings, attachmentTokens } = count;
  return counted + bytes + structure + strings * perString + attachmentTokens + perRequest;
}

/** From so many tokens on, a text tells how many bytes its tokens have. */
const tellingTokens = 500;

/** What the vocabulary did not count has as many bytes per token as what it counted. */
function likelyTokens(count: RequestCount, learned: number): number {
  const ratio = count.counted >= tellingTokens ? count.countedBytes / count.counted : learned;
  return Math.ceil(count.counted + count.bytes / ratio + count.strings + count.attachments * tokensPerAttachment);
}
