const charactersPerToken = 4;
const tokensPerMessage = 3;

/** The mocks' rule for input: a token per four characters of text, and three per message. */
export function inputTokens(text: string, messages: number): number {
  return Math.ceil(text.length / charactersPerToken) + tokensPerMessage * messages;
}

/** The mocks' rule for output: a token per four characters. */
export function outputTokens(text: string): number {
  return Math.ceil(text.length / charactersPerToken);
}
