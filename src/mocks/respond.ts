import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { Bill } from "./bill.ts";
import { type Controls, faultOfModel, readControls } from "./controls.ts";
import type { FaultCounter } from "./fault-counter.ts";
import { type MockAnswer, type MockCall, type MockCredentials, type MockProvider, MockRefusal, type MockUsage, type ReceivedRequest } from "./provider.ts";
import { sendStream } from "./send-stream.ts";
import { inputTokens, outputTokens } from "./tokens.ts";
import { pause, writeSplit } from "./write.ts";

export interface Exchange {
  readonly provider: MockProvider;
  readonly request: ReceivedRequest;
  readonly response: ServerResponse;
  readonly credentials: MockCredentials;
  readonly bill: Bill;
  readonly counter: FaultCounter;
}

const thinkingText = "The user greets me. I greet back.";
const toolArguments = '{"city":"Rome"}';

function sendError({ provider, response }: Exchange, status: number, message: string): void {
  const { body, headers } = provider.error(status, message);
  response.writeHead(status, { "content-type": "application/json", ...(status === 429 ? { "retry-after": "1" } : {}), ...headers });
  response.end(JSON.stringify(body));
}

function compose(call: MockCall, controls: Controls, fault: string | undefined): { readonly answer: MockAnswer; readonly charged: MockUsage } {
  const useTool = call.firstTool !== undefined && (controls.tools || call.lastUserText.includes("use the tool"));
  const tool = useTool && call.firstTool !== undefined ? { name: call.firstTool, arguments: toolArguments } : undefined;
  const thinking = controls.thinking ? thinkingText : undefined;
  const said = (tool?.arguments ?? controls.text) + (thinking ?? "");
  const charged = controls.usage ?? { input: inputTokens(call.inputText, call.messageCount), output: outputTokens(said) };
  const told = fault === "no-usage" ? undefined : fault === "negative-usage" ? { input: -5, output: -7 } : charged;
  // the same request gets the same answer, id included
  const id = createHash("sha256").update(call.inputText).digest("hex").slice(0, 16);
  return { answer: { id, text: controls.text, thinking, tool, usage: told, chunks: controls.chunks }, charged };
}

/** Faults that need no answer. True when the response was taken care of. */
async function failEarly(exchange: Exchange, fault: string): Promise<boolean> {
  const { response, provider } = exchange;
  const status = /^\d{3}$/.test(fault) ? Number(fault) : undefined;
  if (status !== undefined) {
    sendError(exchange, status, `the mock was told to answer ${status}`);
    return true;
  }
  switch (fault) {
    case "slow":
      await new Promise<void>((resolve) => response.once("close", () => resolve()));
      return true;
    case "reset":
      response.destroy();
      return true;
    case "html":
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html><body>It works!</body></html>");
      return true;
    case "broken-json":
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"id": "x", "choices": [');
      return true;
    case "error-body-200":
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(provider.error(500, "the mock failed with status 200").body));
      return true;
    case "headers-only":
      response.writeHead(200, { "content-type": "application/json", "content-length": "0" });
      response.end();
      return true;
    default: {
      const delay = /^slow-(\d+)$/.exec(fault)?.[1];
      if (delay !== undefined) await pause(Number(delay), response);
      return false;
    }
  }
}

async function sendJson(exchange: Exchange, call: MockCall, answer: MockAnswer, charged: MockUsage, controls: Controls, fault: string | undefined): Promise<void> {
  const { provider, response, bill } = exchange;
  const megabytes = fault === undefined ? undefined : /^huge(?:-(\d+))?$/.exec(fault);
  const shown = megabytes ? { ...answer, text: "x".repeat(Number(megabytes[1] ?? 30) * 1024 * 1024) } : answer;
  let body = Buffer.from(JSON.stringify(provider.answer(call, shown)));
  const headers: Record<string, string> = { "content-type": fault === "wrong-content-type" ? "text/plain" : "application/json", "x-amzn-requestid": answer.id };
  if (fault === "gzip") {
    body = gzipSync(body);
    headers["content-encoding"] = "gzip";
  }
  if (fault === "truncate") body = body.subarray(0, body.length / 2);
  response.writeHead(200, { ...headers, "content-length": String(body.length) });
  if (fault === "reset-mid") {
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
    return;
  }
  await writeSplit(response, body, controls.split);
  response.end();
  if (!response.destroyed) bill.charge(call.credential, charged.input, charged.output);
}

/** Answers one request as the provider would, or as it was told to fail. */
export async function respond(exchange: Exchange): Promise<void> {
  const { provider, request, response, credentials, counter } = exchange;
  let call: MockCall;
  try {
    call = provider.read(request, credentials);
  } catch (error) {
    if (!(error instanceof MockRefusal)) throw error;
    sendError(exchange, error.status, error.message);
    return;
  }
  const controls = readControls(provider.name, request.headers);
  const wanted = controls.fault ?? faultOfModel(call.model);
  const fault = wanted !== undefined && counter.fails(request.headers) ? wanted : undefined;
  if (controls.delayMs > 0) await pause(controls.delayMs, response);
  if (fault !== undefined && (await failEarly(exchange, fault))) return;
  const { answer, charged } = compose(call, controls, fault);
  if (call.stream) await sendStream(exchange, call, answer, charged, controls, fault);
  else await sendJson(exchange, call, answer, charged, controls, fault);
}
