/**
 * The most output tokens of one answer that models allow, by the beginnings of their names, as their providers publish it. It is
 * sent along when a Hard budget pays and the client named no maximum (limits.md L31): without one, nothing bounds what an
 * answer costs. The first that matches counts. Where the context holds no more than input and output together, less than the
 * published: a maximum that leaves no room for the input is refused.
 */
const published: readonly (readonly [beginning: string, maxOutputTokens: number])[] = [
  ["gpt-5", 128_000],
  ["gpt-4.1", 32_768],
  ["gpt-4o", 16_384],
  ["gpt-4-turbo", 4_096],
  ["gpt-4", 4_096],
  ["gpt-3.5", 4_096],
  ["o1-mini", 65_536],
  ["o1-preview", 32_768],
  ["o1", 100_000],
  ["o3", 100_000],
  ["o4", 100_000],
  ["claude-3-haiku", 4_096],
  ["claude-3-opus", 4_096],
  ["claude-3-5", 8_192],
  ["claude-3-7", 64_000],
  ["claude-opus-4", 32_000],
  ["claude-", 64_000],
  ["amazon.nova", 10_000],
  ["mistral", 8_192],
  ["gemini-2.5", 65_536],
  ["gemini", 8_192],
];

/** For models that are not in the list. */
const otherwise = 4_096;

/** Bedrock writes the vendor before the name, and a region before that: `eu.anthropic.claude-3-5-…`. */
const vendorPrefix = /^(?:(?:us|eu|apac|global)\.)?(?:anthropic\.|meta\.|mistral\.)?/;

export function maxOutputTokensOf(model: string): number {
  const bare = bareName(model);
  return published.find(([beginning]) => bare.startsWith(beginning))?.[1] ?? otherwise;
}

/** Models that think without being asked to, and bill it as output without showing it, by the beginnings of their names. */
const hiding = ["gpt-5", "o1", "o3", "o4", "gemini-2.5", "gemini-3", "grok-3-mini", "grok-4"];

/** Members of requests that ask other models to think; what they show of it may be a summary, and what they bill is all of it. */
const askingToThink = ['"reasoning_effort"', '"thinking"', '"reasoning"'];

/**
 * Whether an answer may cost more output than ever is shown of it, so that only its provider can tell how much it was.
 * `rawRequest`: the client's JSON.
 */
export function mayHideOutput(model: string, rawRequest: Uint8Array): boolean {
  const bare = bareName(model);
  if (hiding.some((beginning) => bare.startsWith(beginning))) return true;
  const json = Buffer.from(rawRequest.buffer, rawRequest.byteOffset, rawRequest.byteLength);
  // inside a string the quotes are escaped, so that only members and whole values are found
  return askingToThink.some((member) => json.includes(member));
}

function bareName(model: string): string {
  const name = model.replace(vendorPrefix, "");
  return name.slice(name.lastIndexOf("/") + 1);
}
