import type { Exchange } from "./exchange.ts";
import type { MockAnswer, MockCall } from "./provider.ts";
import { outputTokens } from "./tokens.ts";
import { PieceWriter, pause } from "./write.ts";

const pauseMs = 20;
const word = "word ";

/** The same small piece again and again until the client goes away; each is charged. */
export async function sendEndless(
  exchange: Exchange,
  call: MockCall,
  answer: MockAnswer,
  input: number,
): Promise<void> {
  const { provider, response, bill } = exchange;
  const frames = provider.frames(call, { ...answer, text: word, chunks: 1, tool: undefined, thinking: undefined });
  const first = frames.findIndex(({ kind }) => kind === "content");
  const piece = frames[first]?.bytes ?? Buffer.alloc(0);
  const charge = bill.open(call.credential, input);
  const writer = new PieceWriter(response, undefined);
  for (const { bytes } of frames.slice(0, first)) await writer.write(bytes);
  for (let count = 1; !response.destroyed; count++) {
    charge.output(count * outputTokens(word));
    await writer.write(piece);
    await pause(pauseMs, response);
  }
}
