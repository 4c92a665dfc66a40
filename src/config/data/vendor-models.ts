/** Who makes or hosts models under names of its own. */
export type Vendor = "OpenAI" | "Anthropic" | "AWSBedrock";

/** What the names of a vendor's models begin with. */
const namesBegin: Readonly<Record<Vendor, string>> = {
  OpenAI: "gpt-|chatgpt-|o1|o3|o4|codex-|text-embedding-|dall-e-|whisper-|tts-",
  Anthropic: "claude-",
  AWSBedrock:
    "((us|eu|apac|jp|au|us-gov|global)\\.)?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|writer|stability|qwen|openai)\\.|arn:aws",
};

/** Sent when a vendor is asked for another vendor's model and nothing says what to send; `TollgateConfig` may override it. */
export const fallbackModels: Readonly<Record<Vendor, string>> = {
  OpenAI: "gpt-4o",
  Anthropic: "claude-sonnet-4-20250514",
  AWSBedrock: "us.anthropic.claude-sonnet-4-20250514-v1:0",
};

export function isVendor(name: string): name is Vendor {
  return Object.hasOwn(namesBegin, name);
}

/** Matches the names of models that are known to be another vendor's; names that nobody claims are taken for its own. */
export function foreignModels(vendor: Vendor): RegExp {
  const others = Object.entries(namesBegin).filter(([name]) => name !== vendor);
  return new RegExp(`^(?:${others.map(([, names]) => names).join("|")})`);
}
