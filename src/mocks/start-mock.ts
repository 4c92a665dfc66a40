import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mockAnthropic } from "./anthropic/index.ts";
import { mockAwsBedrock } from "./aws-bedrock/index.ts";
import { mockAzureOpenai } from "./azure-openai/index.ts";
import { Bill, type BillView } from "./bill.ts";
import { FaultCounter } from "./fault-counter.ts";
import { mockOpenai } from "./openai/index.ts";
import type { MockCredentials, MockProvider, ReceivedRequest } from "./provider.ts";
import { respond } from "./respond.ts";

export interface MockOptions extends MockCredentials {
  readonly provider: "OpenAI" | "AzureOpenAI" | "Anthropic" | "AWSBedrock";
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
/** Longer than a proxy keeps idle connections in a test, so that it never writes on one that closes. */
const keepAliveMs = 60_000;

const providers: Readonly<Record<MockOptions["provider"], MockProvider>> = {
  OpenAI: mockOpenai,
  AzureOpenAI: mockAzureOpenai,
  Anthropic: mockAnthropic,
  AWSBedrock: mockAwsBedrock,
};

/** @throws when the client goes away while it sends */
async function receive(incoming: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  return {
    method: incoming.method ?? "",
    path: incoming.url ?? "",
    headers,
    body: Buffer.concat(chunks),
    aborted: false,
  };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

/** The mock's own pages. True when it was one. */
function servePage(
  request: ReceivedRequest,
  response: ServerResponse,
  mock: Pick<RunningMock, "bill" | "requests" | "reset">,
): boolean {
  switch (`${request.method} ${request.path}`) {
    case "GET /bill":
      json(response, mock.bill());
      return true;
    case "GET /requests":
      json(
        response,
        mock.requests.map(({ method, path, headers }) => ({ method, path, headers: Object.keys(headers) })),
      );
      return true;
    case "POST /reset":
      mock.reset();
      json(response, {});
      return true;
    default:
      return false;
  }
}

async function listen(server: Server, options: MockOptions, host: string): Promise<number> {
  const port = options.port ?? 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "the port is taken" : error.message;
      reject(new Error(`the ${options.provider} mock cannot listen on ${host}:${port}: ${reason}`));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Starts one mock provider on a port of its own. @throws Error when the port is taken */
export async function startMock(options: MockOptions): Promise<RunningMock> {
  const provider = providers[options.provider];
  const bill = new Bill(provider.name);
  const counter = new FaultCounter();
  const requests: RecordedRequest[] = [];
  const control = {
    requests,
    bill: () => bill.view(),
    reset: () => {
      bill.reset();
      counter.reset();
      requests.length = 0;
    },
  };
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await receive(incoming);
    if (servePage(request, response, control)) return;
    requests.push(request);
    if (requests.length > keptRequests) requests.shift();
    let cut = false;
    response.once("close", () => {
      request.aborted = !cut && !response.writableFinished;
    });
    const cutOff = (): void => {
      cut = true;
      response.destroy();
    };
    await respond({ provider, request, response, credentials: options, bill, counter, cutOff });
  };
  const server = createServer((incoming, response) => {
    // a client that goes away while it sends ends the request; there is nobody to answer
    handle(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = keepAliveMs;
  const host = options.host ?? "127.0.0.1";
  const port = await listen(server, options, host);
  return {
    ...control,
    port,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
