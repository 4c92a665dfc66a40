/**
 * Places where text may be cut without changing its tokens. Counting the parts on their own is no upper bound elsewhere: byte
 * pair encoding is greedy, and two halves may have fewer tokens than the whole (o200k: `ratelimit` three, `rate` and `limit` one
 * each).
 *
 * The vocabularies' expressions encode letters, at most three digits, and everything else in pieces of their own; only what
 * stands before letters, a mark among them, or an apostrophe after them can join. So a letter or digit ends its piece before
 * anything but a letter, digit, mark or apostrophe, and where letters and digits meet.
 */
type Kind = "letter" | "digit" | "other" | "unsure";

const letter = /^\p{L}$/u;
const digit = /^\p{N}$/u;
const other = /^[\p{P}\p{S}\p{Zs}]$/u;
const apostrophe = 0x27;

function kindOf(code: number): Kind {
  if (code < 0x80) {
    if ((code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)) return "letter";
    if (code >= 0x30 && code <= 0x39) return "digit";
    return code === apostrophe ? "unsure" : "other";
  }
  // half a character that UTF-16 writes as two is none of the three
  const character = String.fromCharCode(code);
  if (letter.test(character)) return "letter";
  if (digit.test(character)) return "digit";
  return other.test(character) ? "other" : "unsure";
}

function isSafe(before: Kind, after: Kind): boolean {
  return (before === "letter" || before === "digit") && after !== "unsure" && after !== before;
}

/** The last place in the text where it may be cut, not before `from`; 0 when there is none. */
export function lastSafeCut(text: string, from: number): number {
  let after: Kind = "unsure";
  for (let position = text.length; position >= Math.max(1, from); position--) {
    const before = kindOf(text.charCodeAt(position - 1));
    if (isSafe(before, after)) return position;
    after = before;
  }
  return 0;
}
