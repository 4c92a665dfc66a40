import fc from "fast-check";
import type { Steps } from "../../../src/metering/tokens/turns.ts";

/** What vocabularies treat in ways of their own. */
const difficult = [
  "<|endoftext|>",
  "<|im_start|>",
  "<|im_end|>",
  "<|endofprompt|>",
  "don't",
  "I'LL",
  "we've",
  "x's'",
  "   ",
  " \n \n",
  "\r\n",
  "\t\t",
  "\n\n\n",
  "e\u0301",
  "\u0301",
  "\u00a0",
  "12345",
  "٣٤٥",
  "½",
  "今日はとても良い天気ですね。",
  "字，字",
  "ǅ",
  "ABCdef",
  "HTMLParser",
  "://a/b",
  "!?\n//",
  "😀👩‍👩‍👧‍👦",
  "\u{1F1E9}\u{1F1EA}",
  "\0",
  '"\\',
];

/** Text of all kinds of characters, none of them half a pair. */
export const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...difficult),
      fc.constantFrom(" the", " quick", " brown", "fox", ".", ", ", "\n", "A", "zebra", " a1b2", "_", "'"),
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.string({ unit: "binary", maxLength: 8 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(""))
  .filter((made) => !/[\u0085\ufeff]/.test(made));

/** Text as above, so long that it is counted in several windows. */
export const longText = fc
  .tuple(fc.array(text, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 12_000 }))
  .map(([texts, length]) => {
    const once = `${texts.join("")} `;
    return once.repeat(Math.ceil(length / once.length));
  });

/** Takes all steps at once; `careful` says for each step whether there is time left. */
export function finish<T>(steps: Steps<T>, careful: (step: number) => boolean = () => true): T {
  for (let step = 0; ; step++) {
    const result = steps.next(careful(step));
    if (result.done === true) return result.value;
  }
}
