import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { mockAnthropic } from "./anthropic/index.ts";
import { mockAwsBedrock } from "./aws-bedrock/index.ts";
import { Bill, type BillView } from "./bill.ts";
import { FaultCounter } from "./fault-counter.ts";
import { mockOpenai } from "./openai/index.ts";
import type { MockCredentials, MockProvider, ReceivedRequest } from "./provider.ts";
import { respond } from "./respond.ts";

export interface MockOptions extends MockCredentials {
  readonly provider: "OpenAI" | "Anthropic" | "AWSBedrock";
  readonly host?: string;
  /** 0 = any free one. */
  readonly port?: number;
}

export interface RecordedRequest extends ReceivedRequest {
  /** The client went away before the answer was complete. */
  aborted: boolean;
}

export interface RunningMock {
  readonly port: number;
  readonly url: string;
  /** The last thousand requests. */
  readonly requests: readonly RecordedRequest[];
  bill(): BillView;
  reset(): void;
  close(): Promise<void>;
}

const keptRequests = 1_000;

const providers: Readonly<Record<MockOptions["provider"], MockProvider>> = {
  OpenAI: mockOpenai,
  Anthropic: mockAnthropic,
  AWSBedrock: mockAwsBedrock,
};

async function receive(incoming: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  return { method: incoming.method ?? "", path: incoming.url ?? "", headers, body: Buffer.concat(chunks), aborted: false };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

/** Starts one mock provider on a port of its own. @throws Error when the port is taken */
export async function startMock(options: MockOptions): Promise<RunningMock> {
  const provider = providers[options.provider];
  const bill = new Bill(provider.name);
  const counter = new FaultCounter();
  const requests: RecordedRequest[] = [];
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await receive(incoming);
    const page = `${request.method} ${request.path}`;
    if (page === "GET /bill") return json(response, bill.view());
    if (page === "GET /requests") return json(response, requests.map(({ method, path, headers }) => ({ method, path, headers: Object.keys(headers) })));
    if (page === "POST /reset") {
      bill.reset();
      requests.length = 0;
      return json(response, {});
    }
    requests.push(request);
    if (requests.length > keptRequests) requests.shift();
    response.once("close", () => {
      request.aborted = !response.writableFinished;
    });
    await respond({ provider, request, response, credentials: options, bill, counter });
  };
  const server = createServer((incoming, response) => {
    // a client that goes away while it sends ends the request; there is nobody to answer
    handle(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`the ${options.provider} mock cannot listen on ${host}:${options.port ?? 0} (${error.code ?? error.message})`)),
    );
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    url: `http://${host}:${port}`,
    requests,
    bill: () => bill.view(),
    reset: () => {
      bill.reset();
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
