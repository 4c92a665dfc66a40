/**
 * Token estimates for what a provider has not told yet (limits.md L6): display and running costs, replaced by the provider's
 * numbers as soon as they come. English text has about four characters per token in every current vocabulary.
 */
const charactersPerToken = 4;

/** Long runs without a space or a quote are encoded data (images, documents), which providers do not bill by the character. */
const encodedRunBytes = 1_024;
/** What one embedded image or document counts for. */
const tokensPerAttachment = 1_000;

export function tokensOfCharacters(characters: number): number {
  return Math.ceil(characters / charactersPerToken);
}

/** Input tokens of a request body, estimated from its bytes. One pass, no allocation. */
export function estimateInputTokens(body: Uint8Array): number {
  let textBytes = 0;
  let attachments = 0;
  let position = 0;
  while (position < body.length) {
    const quote = body.indexOf(0x22, position);
    const end = quote < 0 ? body.length : quote;
    const run = end - position;
    if (run >= encodedRunBytes && body.subarray(position, end).indexOf(0x20) < 0) attachments++;
    else textBytes += run;
    position = end + 1;
  }
  return tokensOfCharacters(textBytes) + attachments * tokensPerAttachment;
}
