import { compose } from "./compose.ts";
import { type Controls, readControls } from "./controls.ts";
import type { Exchange } from "./exchange.ts";
import { failEarly } from "./fail-early.ts";
import { type Fault, faultOfModel } from "./faults.ts";
import type { MockCall } from "./provider.ts";
import { MockRefusal } from "./refusal.ts";
import { sendError } from "./send-error.ts";
import { sendJson } from "./send-json.ts";
import { sendStream } from "./send-stream.ts";
import { pause } from "./write.ts";

async function answerCall(
  exchange: Exchange,
  call: MockCall,
  controls: Controls,
  fault: Fault | undefined,
): Promise<void> {
  const { response, provider } = exchange;
  if (controls.delayMs > 0) await pause(controls.delayMs, response);
  if (fault !== undefined && (await failEarly(exchange, fault, call.stream))) return;
  // nobody is there any more: nothing was answered, nothing is charged
  if (response.destroyed) return;
  const composed = compose(provider, call, controls, fault);
  await (call.stream ? sendStream : sendJson)(exchange, call, composed, controls, fault);
}

/** Answers one request as the provider would, or as it was told to fail. */
export async function respond(exchange: Exchange): Promise<void> {
  const { provider, request, response, credentials, counter } = exchange;
  try {
    const page = provider.readPage(request, credentials);
    if (page !== undefined) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(page));
      return;
    }
    const call = provider.read(request, credentials);
    const controls = readControls(provider.name, request.headers);
    const wanted = controls.fault ?? faultOfModel(call.model);
    const fault = wanted !== undefined && counter.fails(request.headers) ? wanted : undefined;
    await answerCall(exchange, call, controls, fault);
  } catch (error) {
    if (!(error instanceof MockRefusal)) throw error;
    sendError(exchange, error.status, error.message, error.code);
  }
}
