import { type ClientRequest, type IncomingHttpHeaders, request } from "node:http";
import type { RunningMock } from "../../src/mocks/start-mock.ts";

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: object | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The connection broke before the answer was complete. */
  readonly broken: boolean;
}

interface Watched {
  /** Settles when the answer ended or broke; rejects when it broke before its headers. */
  readonly answer: Promise<Answer>;
  readonly request: ClientRequest;
  /** Settles when so many bytes have arrived; 0 = the headers. */
  received(bytes: number): Promise<void>;
}

/** Starts a request that the test may abort. */
export function open(mock: RunningMock, call: Call): Watched {
  const body = typeof call.body === "object" ? JSON.stringify(call.body) : (call.body ?? "");
  let count = -1;
  let waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];
  const told = (): void => {
    for (const { bytes, resolve } of waiting) if (count >= bytes) resolve();
    waiting = waiting.filter(({ bytes }) => count < bytes);
  };
  const outgoing = request({
    host: "127.0.0.1",
    port: mock.port,
    method: call.method ?? "POST",
    path: call.path,
    agent: false,
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...call.headers },
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      count = 0;
      told();
      const done = (broken: boolean) => (): void => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: bytes,
          text: bytes.toString(),
          broken,
        });
      };
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        count += chunk.length;
        told();
      });
      incoming.once("end", done(false));
      incoming.once("error", done(true));
    });
  });
  // an aborted one rejects although nobody waits for it
  answer.catch(() => undefined);
  // as bytes: with a string node would send the header as UTF-8 as well
  outgoing.end(Buffer.from(body));
  return {
    answer,
    request: outgoing,
    received: (bytes) =>
      new Promise((resolve) => {
        waiting.push({ bytes, resolve });
        told();
      }),
  };
}

export function send(mock: RunningMock, call: Call): Promise<Answer> {
  return open(mock, call).answer;
}

/** The value of something that becomes true soon. @throws Error after five seconds */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The JSON of every `data:` line. */
export function events(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as Record<string, unknown>);
}
