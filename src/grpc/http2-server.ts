import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { BufferedBytes } from "./calls/buffered-bytes.ts";
import { Call, type CallOptions } from "./calls/call.ts";
import { httpAnswer, statusCode } from "./calls/status.ts";
import { StreamCall } from "./calls/stream-call.ts";
import { timeoutMs } from "./calls/timeout.ts";
import { UnaryCall } from "./calls/unary-call.ts";
import { Connection } from "./http2/connection.ts";
import { defaultLimits } from "./http2/limits.ts";
import type { RequestHead } from "./http2/request-head.ts";
import type { ServerStream, StreamConsumer } from "./http2/stream.ts";
import { OpenCalls } from "./open-calls.ts";
import type { GrpcServer, Listening, Service } from "./server.ts";

export interface Http2Options {
  /** Largest message in bytes, both ways. */
  readonly maxMessageBytes: number;
  readonly onError: (error: unknown, path: string) => void;
}

/** Envoy has a connection per worker and service; more than this is no Envoy. */
const maxConnections = 1_024;

/** So many of the largest messages may be on their way at once. */
const bufferedMessages = 32;

/** The transport seam over an HTTP/2 server of our own. */
export class Http2Server implements GrpcServer {
  readonly #options: CallOptions;
  readonly #calls = new OpenCalls();
  readonly #connections = new Set<Connection>();

  constructor({ maxMessageBytes, onError }: Http2Options) {
    this.#options = { maxMessageBytes, onError, buffered: new BufferedBytes(maxMessageBytes * bufferedMessages) };
  }

  async serve(address: string, services: readonly Service[]): Promise<Listening> {
    const methods = new Map(services.map((method) => [method.path, method]));
    const server = createServer((socket) => this.#connect(socket, methods));
    server.maxConnections = maxConnections;
    await listen(server, address);
    return { close: (graceMs) => this.#close(server, graceMs) };
  }

  async #close(server: Server, graceMs: number): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const connection of this.#connections) connection.drain();
    this.#calls.close();
    const force = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, graceMs);
    await closed;
    clearTimeout(force);
  }

  #connect(socket: Socket, methods: ReadonlyMap<string, Service>): void {
    socket.setNoDelay(true);
    const connection = new Connection(socket, {
      limits: defaultLimits,
      accept: (stream, head) => this.#accept(stream, head, methods),
      nowMs: () => performance.now(),
      onError: (error) => this.#options.onError(error, "connection"),
    });
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
  }

  #accept(stream: ServerStream, head: RequestHead, methods: ReadonlyMap<string, Service>): StreamConsumer {
    let contentType = "";
    let timeout: number | undefined;
    for (const { name, value } of head.headers) {
      if (name === "content-type") contentType = value;
      else if (name === "grpc-timeout") timeout = timeoutMs(value);
    }
    const refusal = head.method !== "POST" ? 405 : contentType.startsWith("application/grpc") ? undefined : 415;
    if (refusal !== undefined) {
      stream.trailers(httpAnswer(refusal));
      stream.done();
      return nobody;
    }
    const call = new Call(stream, head.path, this.#options, timeout);
    const method = methods.get(head.path);
    if (method === undefined) {
      call.finish({ code: statusCode.unimplemented, message: `no method ${head.path}` });
      call.done();
    } else if (method.kind === "unary") {
      call.handledBy(new UnaryCall(call, method));
    } else {
      this.#open(call, method);
    }
    return call;
  }

  #open(call: Call, method: Exclude<Service, { readonly kind: "unary" }>): void {
    try {
      if (method.kind === "duplex" && method.lasting !== true) {
        call.handledBy(new StreamCall(call, method, () => this.#calls.exchangeOver()));
        this.#calls.exchangeOpened();
      } else {
        const close = (): void => log.end();
        const log = new StreamCall(call, method, () => void this.#calls.lastingOver(close));
        call.handledBy(log);
        this.#calls.lastingOpened(close);
      }
    } catch (error) {
      call.fail(error);
      call.done();
    }
  }
}

const nobody: StreamConsumer = { data: () => false, end: () => undefined, cancelled: () => undefined };

/** @throws when the address cannot be served */
async function listen(server: Server, address: string): Promise<void> {
  const path = address.startsWith("unix:") ? address.slice("unix:".length) : undefined;
  if (path !== undefined) rmSync(path, { force: true });
  const colon = address.lastIndexOf(":");
  const place =
    path === undefined
      ? { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) }
      : { path };
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(place, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // whoever can connect is handed provider keys: the owner and the group, nobody else
  if (path !== undefined) chmodSync(path, 0o660);
}
