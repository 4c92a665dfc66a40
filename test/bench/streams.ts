import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { stopProcess } from "../support/stack.ts";

const chunks = 200;

/** A provider, in a process of its own, whose every answer is a stream of 200 events, each written in a turn of its own. */
export async function startStreams(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const child = fork(fileURLToPath(import.meta.url), {
    execArgv: ["--no-warnings", "--import", "ts-blank-space/register"],
  });
  const [port] = (await once(child, "message")) as [number];
  return { port, close: () => stopProcess(child) };
}

function event(delta: object, more: object = {}): string {
  const chunk = { id: "chatcmpl-bench", object: "chat.completion.chunk", created: 1, model: "gpt-4o" };
  return `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
}

function serve(): void {
  const one = event({ content: "word " });
  const usage = { prompt_tokens: 60, completion_tokens: chunks, total_tokens: 60 + chunks };
  const end = `${event({}, { choices: [], usage })}data: [DONE]\n\n`;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    let left = chunks;
    const next = (): void => {
      if (left-- > 0) {
        response.write(one);
        setTimeout(next, 1);
      } else response.end(end);
    };
    next();
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) serve();
