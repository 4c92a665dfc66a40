import { once } from "node:events";
import type { Exchange } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import { sendError } from "./send-error.ts";
import { pause } from "./write.ts";

/** Bodies that come with a 200 and are no answer. */
function notAnAnswer(
  { provider }: Exchange,
  kind: Fault["kind"],
  stream: boolean,
): readonly [string, string] | undefined {
  const json = "application/json";
  if (kind === "html") return ["text/html", "<html><body>It works!</body></html>"];
  if (kind === "broken-json" && !stream) return [json, '{"id": "x", "choices": ['];
  if (kind === "error-body-200") return [json, JSON.stringify(provider.error(500, "failed with status 200").body)];
  if (kind === "headers-only") return [stream ? provider.streamContentType : json, ""];
  return undefined;
}

/** Faults that need no answer; they charge nothing. True when the response was taken care of. */
export async function failEarly(exchange: Exchange, fault: Fault, stream: boolean): Promise<boolean> {
  const { response } = exchange;
  if (fault.kind === "status") {
    sendError(exchange, fault.status, `the mock was told to answer ${fault.status}`);
    return true;
  }
  if (fault.kind === "slow") {
    if (fault.delayMs !== undefined) await pause(fault.delayMs, response);
    else if (!response.destroyed) await once(response, "close");
    return fault.delayMs === undefined;
  }
  if (fault.kind === "reset") {
    exchange.cutOff();
    return true;
  }
  const body = notAnAnswer(exchange, fault.kind, stream);
  if (body === undefined) return false;
  const [contentType, text] = body;
  response.writeHead(200, { "content-type": contentType, "content-length": String(Buffer.byteLength(text)) });
  response.end(text);
  return true;
}
