/**
 * The most output tokens of one answer that models allow, by the beginnings of their names, as their providers publish it. It is
 * sent along when a Hard budget pays and the client named no maximum (limits.md L31): without one, nothing bounds what an
 * answer costs. The first that matches counts.
 */
const published: readonly (readonly [beginning: string, maxOutputTokens: number])[] = [
  ["gpt-5", 128_000],
  ["gpt-4.1", 32_768],
  ["gpt-4o", 16_384],
  ["gpt-4-turbo", 4_096],
  ["gpt-4", 8_192],
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
  ["mistral", 32_768],
  ["gemini-2.5", 65_536],
  ["gemini", 8_192],
];

/** For models that are not in the list. */
const otherwise = 4_096;

/** Bedrock writes the vendor before the name, and a region before that: `eu.anthropic.claude-3-5-…`. */
const vendorPrefix = /^(?:(?:us|eu|apac|global)\.)?(?:anthropic\.|meta\.|mistral\.)?/;

export function maxOutputTokensOf(model: string): number {
  const name = model.replace(vendorPrefix, "");
  const bare = name.slice(name.lastIndexOf("/") + 1);
  return published.find(([beginning]) => bare.startsWith(beginning))?.[1] ?? otherwise;
}
