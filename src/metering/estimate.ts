/**
 * Token estimates for what a provider has not told yet (limits.md L6): display and running costs, replaced by the provider's
 * numbers as soon as they come. English text has about four characters per token in every current vocabulary.
 */
const charactersPerToken = 4;

/** Long runs without a space or a quote are encoded data (images, documents), which providers do not bill by the character. */
const encodedRunBytes = 1_024;
/** So much of the end of such a run is looked at: its beginning may be a `data:` prefix. */
const inspectedBytes = 512;
/** What one embedded image or document counts for. */
const tokensPerAttachment = 1_000;

export function tokensOfCharacters(characters: number): number {
  return Math.ceil(characters / charactersPerToken);
}

/** Whether a byte may stand in base64, also in its URL form and with JSON's escaped slash. */
function isEncodedByte(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) || // a-z
    (byte >= 0x2f && byte <= 0x39) || // / 0-9
    (byte >= 0x41 && byte <= 0x5a) || // A-Z
    byte === 0x2b || // +
    byte === 0x2d || // -
    byte === 0x3d || // =
    byte === 0x5c || // \
    byte === 0x5f // _
  );
}

/** Text of languages that are written without spaces is no attachment. */
function isAttachment(body: Uint8Array, start: number, end: number): boolean {
  return end - start >= encodedRunBytes && body.subarray(end - inspectedBytes, end).every(isEncodedByte);
}

/** Input tokens of a request body, estimated from its bytes. One pass, no copies. */
export function estimateInputTokens(body: Uint8Array): number {
  let textBytes = 0;
  let attachments = 0;
  let position = 0;
  while (position < body.length) {
    const quote = body.indexOf(0x22, position);
    const end = quote < 0 ? body.length : quote;
    if (isAttachment(body, position, end)) attachments++;
    else textBytes += end - position;
    position = end + 1;
  }
  return tokensOfCharacters(textBytes) + attachments * tokensPerAttachment;
}
