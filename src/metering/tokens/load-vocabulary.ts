import type { Vocabulary, VocabularyName } from "./vocabulary.ts";

/** So many short pieces are remembered with their counts; then it begins anew. */
const rememberedPieces = 16_384;
/** Longer pieces are not remembered: they rarely come back, and V8 would keep the text that they were cut from. */
const rememberedLength = 12;

const sources = {
  o200k: {
    ranks: () => import("gpt-tokenizer/bpeRanks/o200k_base"),
    pieces: (split: Splits) => split.O200K_TOKEN_SPLIT_REGEX,
  },
  cl100k: {
    ranks: () => import("gpt-tokenizer/bpeRanks/cl100k_base"),
    pieces: (split: Splits) => split.CL100K_TOKEN_SPLIT_REGEX,
  },
};
type Splits = typeof import("gpt-tokenizer/encodingParams/constants");

/**
 * Loads a vocabulary of gpt-tokenizer. Stalls the event loop twice for about a tenth of a second, between which `nextTurn` is
 * awaited, and keeps some 60 MB.
 */
export async function loadVocabulary(name: VocabularyName, nextTurn: () => Promise<void>): Promise<Vocabulary> {
  const { ranks, pieces } = sources[name];
  const splits = await import("gpt-tokenizer/encodingParams/constants");
  const { BytePairEncodingCore } = await import("gpt-tokenizer/BytePairEncodingCore");
  const { default: bytePairRankDecoder } = await ranks();
  await nextTurn();
  // pieces come one by one, so its own expression takes all; its cache would keep long pieces
  const core = new BytePairEncodingCore({ bytePairRankDecoder, tokenSplitRegex: /[\s\S]+/g, mergeCacheSize: 0 });
  return { pieces: pieces(splits), countPiece: remembering((piece) => core.countNative(piece)) };
}

function remembering(count: (piece: string) => number): (piece: string) => number {
  const remembered = new Map<string, number>();
  return (piece) => {
    if (piece.length > rememberedLength) return count(piece);
    const known = remembered.get(piece);
    if (known !== undefined) return known;
    const tokens = count(piece);
    if (remembered.size >= rememberedPieces) remembered.clear();
    remembered.set(piece, tokens);
    return tokens;
  };
}
