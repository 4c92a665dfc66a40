/**
 * Money is integer nano-USD (10⁻⁹ dollars), never a float (limits.md L30). A rate is integer nano-USD *per million tokens*, so that
 * 3.625 nano-dollars a token, which some models cost, is 3,625,000 and exact.
 */
const nanoDigits = 9;

/** How often a price per token goes into one per million tokens, as decimal digits. */
const millionDigits = 6;

/** Nano-USD of a decimal number of dollars, what is finer rounded up; undefined when it is none, negative, or above 2⁵³ nano-USD. */
export function parseNanoUsd(text: string): number | undefined {
  return parseDecimal(text, nanoDigits);
}

/** The rate, in nano-USD per million tokens, of a decimal number of dollars *per token*. */
export function parseRatePerToken(text: string): number | undefined {
  return parseDecimal(text, nanoDigits + millionDigits);
}

/** The number times 10^digits, rounded up. */
function parseDecimal(text: string, digits: number): number | undefined {
  const found = /^(\d{1,20})(?:\.(\d{1,30}))?(?:e([+-]?\d{1,2}))?$/i.exec(text);
  if (found === null) return undefined;
  const [, whole = "", fraction = "", exponent = "0"] = found;
  const written = BigInt(whole + fraction);
  const shift = digits + Number(exponent) - fraction.length;
  const scaled = shift >= 0 ? written * 10n ** BigInt(shift) : ceilDivide(written, 10n ** BigInt(-shift));
  return scaled <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(scaled) : undefined;
}

/** Dollars as a person writes them: at least two decimals, no more than needed. */
export function formatUsd(nanoUsd: number | bigint): string {
  const text = String(nanoUsd).padStart(nanoDigits + 1, "0");
  const fraction = text.slice(-nanoDigits).replace(/0+$/, "").padEnd(2, "0");
  return `${text.slice(0, -nanoDigits)}.${fraction}`;
}

/** Rounds up: what is charged is never less than what it costs. Neither number is negative. */
export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
