/**
 * Token estimates for what a provider has not told yet (limits.md L6): display and running costs, replaced by the provider's
 * numbers as soon as they come. English text has about four bytes per token in every current vocabulary.
 */
export const bytesPerToken = 4;

/** Long runs without a space or a quote are encoded data (images, documents), which providers do not bill by the character. */
const encodedRunBytes = 1_024;
/** So much of the end of such a run is looked at: its beginning may be a `data:` prefix. */
const inspectedBytes = 512;
/** What one embedded image or document counts for. */
export const tokensPerAttachment = 1_000;

/**
 * So many quotes and looks at an encoded run are enough: the rest of a body is taken to be like its beginning. The event loop
 * must not stall for a body that is nothing but quotes.
 */
const sampledSteps = 16_384;
/** What a look at a long run costs, in steps. */
const stepsPerRun = 32;

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
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

/**
 * Input tokens of a request body, estimated from its bytes. No copies, and no more than a sample of a body with very many
 * strings.
 * @param ratio bytes of text per token
 */
export function estimateInputTokens(body: Uint8Array, ratio: number = bytesPerToken): number {
  let textBytes = 0;
  let attachments = 0;
  let position = 0;
  for (let steps = 0; position < body.length && steps < sampledSteps; steps++) {
    const quote = body.indexOf(0x22, position);
    const end = quote < 0 ? body.length : quote;
    if (end - position >= encodedRunBytes) steps += stepsPerRun;
    if (isAttachment(body, position, end)) attachments++;
    else textBytes += end - position;
    position = end + 1;
  }
  const share = Math.min(1, position / body.length) || 1;
  return Math.ceil((Math.ceil(textBytes / ratio) + attachments * tokensPerAttachment) / share);
}
