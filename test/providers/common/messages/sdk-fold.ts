import { MessageStream } from "@anthropic-ai/sdk/lib/MessageStream";
import { SseDecoder } from "../../../../src/lib/sse.ts";

/** What Anthropic's own client makes of a stream. Rejects as it does: for errors, and for events out of order. */
export async function foldMessagesStream(stream: string): Promise<Record<string, unknown>> {
  const events = new SseDecoder(10_000_000).push(Buffer.from(stream)).filter(({ event }) => event !== "ping");
  const failed = events.find(({ event }) => event === "error");
  if (failed !== undefined) throw new Error(failed.data);
  const lines = events.map(({ data }) => `${data}\n`).join("");
  const folded = await MessageStream.fromReadableStream(new Blob([lines]).stream()).finalMessage();
  return JSON.parse(JSON.stringify(folded)) as Record<string, unknown>;
}

/** Every block is begun once, written to while it is open, and ended once; indices count from 0. @throws Error where not */
export function checkBlocks(stream: string): void {
  let open: number | undefined;
  let next = 0;
  for (const { data } of new SseDecoder(10_000_000).push(Buffer.from(stream))) {
    const { type, index } = JSON.parse(data) as { type: string; index?: number };
    if (type === "content_block_start") {
      if (open !== undefined || index !== next) throw new Error(`block ${index} begins out of order`);
      open = next++;
    } else if (type === "content_block_delta" || type === "content_block_stop") {
      if (index !== open) throw new Error(`${type} for block ${index}, which is not open`);
      if (type === "content_block_stop") open = undefined;
    } else if (type === "message_delta" && open !== undefined) throw new Error("the message ends inside a block");
  }
}
