import { gzipSync } from "node:zlib";
import type { Composed } from "./compose.ts";
import type { Controls } from "./controls.ts";
import type { Exchange } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import type { MockCall } from "./provider.ts";
import { PieceWriter } from "./write.ts";

/** Answers at once. The whole is charged, also when it arrives spoilt; a connection that this side breaks charges nothing. */
export async function sendJson(
  exchange: Exchange,
  call: MockCall,
  { answer, charged }: Composed,
  controls: Controls,
  fault: Fault | undefined,
): Promise<void> {
  const { provider, response, bill } = exchange;
  const kind = fault?.kind;
  let body: Buffer = Buffer.from(JSON.stringify(provider.answer(call, answer)));
  if (kind === "gzip") body = gzipSync(body);
  if (kind === "truncate") body = body.subarray(0, body.length / 2);
  response.writeHead(200, {
    "content-type": kind === "wrong-content-type" ? "text/plain" : "application/json",
    "content-length": String(body.length),
    "x-amzn-requestid": answer.id,
    ...(kind === "gzip" ? { "content-encoding": "gzip" } : {}),
  });
  if (kind === "silent") return response.flushHeaders();
  if (kind === "reset-mid") {
    response.write(body.subarray(0, body.length / 2), exchange.cutOff);
    return;
  }
  bill.open(call.credential, charged.input).output(charged.output);
  const writer = new PieceWriter(response, controls.split);
  await writer.write(body);
  await writer.flush();
  response.end();
}
