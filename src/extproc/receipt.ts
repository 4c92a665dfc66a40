import type { Headers } from "../core/headers.ts";
import type { MeteredUsage } from "../metering/usage-meter.ts";
import type { PriceTags } from "./price-tags.ts";

/** A client that sends `x-ai-gateway-receipt: stream` gets what its stream used, in a comment before the stream's last event (limits.md L8). */
export function wantsReceipt(headers: Headers): boolean {
  return headers.get("x-ai-gateway-receipt")?.toLowerCase() === "stream";
}

/** An SSE comment: clients that do not look for it do not see it. */
export function receiptComment({ total }: MeteredUsage, { costUsd, remaining }: PriceTags): string {
  return `: tollgate ${JSON.stringify({ tokens_used: total, cost_usd: costUsd, budget_remaining: remaining })}\n\n`;
}

/**
 * `comment` put before the stream's last event, if that is in this piece. `lastEvent` matches its first line; pieces hold whole
 * events.
 */
export function insertBefore(piece: Uint8Array, lastEvent: RegExp, comment: () => string): Uint8Array | undefined {
  // latin1: a character is a byte
  const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("latin1");
  const found = lastEvent.exec(text);
  if (found === null) return undefined;
  const at = found.index;
  return Buffer.concat([piece.subarray(0, at), Buffer.from(comment()), piece.subarray(at)]);
}
