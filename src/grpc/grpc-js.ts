import { chmodSync, rmSync } from "node:fs";
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  status,
} from "@grpc/grpc-js";
import { Conversation } from "./converse.ts";
import { OpenCalls } from "./open-calls.ts";
import type { GrpcServer, Listening, Service, StreamMethod, UnaryMethod } from "./server.ts";

// biome-ignore lint/suspicious/noExplicitAny: method tables mix message types; each method is closed over its own
type AnyStream = StreamMethod<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyUnary = UnaryMethod<any, any>;

export interface GrpcJsOptions {
  /** Largest message in bytes, both ways. */
  readonly maxMessageBytes: number;
  readonly onError: (error: unknown, path: string) => void;
}

/** Envoy opens streams in bursts and resets each at its end; keep-alive pings are not used. */
const channelOptions = { "grpc.max_concurrent_streams": 100_000 };

/** The transport seam over @grpc/grpc-js. */
export class GrpcJsServer implements GrpcServer {
  readonly #options: GrpcJsOptions;
  readonly #calls = new OpenCalls();

  constructor(options: GrpcJsOptions) {
    this.#options = options;
  }

  async serve(address: string, services: readonly Service[]): Promise<Listening> {
    const server = new Server({
      ...channelOptions,
      "grpc.max_receive_message_length": this.#options.maxMessageBytes,
      "grpc.max_send_message_length": this.#options.maxMessageBytes,
    });
    for (const method of services) this.#add(server, method);
    const socketPath = address.startsWith("unix:") ? address.slice("unix:".length) : undefined;
    if (socketPath !== undefined) rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    // whoever can connect is handed provider keys: the owner and the group, nobody else
    if (socketPath !== undefined) chmodSync(socketPath, 0o660);
    return {
      close: (graceMs) =>
        new Promise((resolve) => {
          const force = setTimeout(() => server.forceShutdown(), graceMs);
          server.tryShutdown(() => {
            clearTimeout(force);
            resolve();
          });
          this.#calls.close();
        }),
    };
  }

  #add(server: Server, method: Service): void {
    const definition = {
      path: method.path,
      requestStream: method.kind !== "unary",
      responseStream: method.kind === "duplex",
      requestDeserialize: method.codec.decode,
      requestSerialize: notServed,
      responseSerialize: (response: unknown): Buffer => asBuffer(method.codec.encode(response)),
      responseDeserialize: notServed,
    };
    const implementation =
      method.kind === "unary"
        ? this.#unary(method)
        : method.kind === "duplex"
          ? this.#duplex(method)
          : this.#clientStream(method);
    server.addService({ [method.path]: definition }, { [method.path]: implementation });
  }

  #unary(method: AnyUnary): handleUnaryCall<unknown, unknown> {
    return (call, callback) => {
      method.handle(call.request).then(
        (response: unknown) => callback(null, response),
        (error: unknown) => {
          this.#options.onError(error, method.path);
          callback({ code: status.INTERNAL, details: "internal error" });
        },
      );
    };
  }

  #duplex(method: AnyStream): handleBidiStreamingCall<unknown, unknown> {
    return (call) => {
      let over = false;
      const close = (): void => {
        if (!over) call.end();
        over = true;
      };
      if (method.lasting === true) this.#calls.lastingOpened(close);
      else this.#calls.exchangeOpened();
      const handler = method.open({
        send: (response: unknown) => {
          if (!over) call.write(response);
        },
        isOver: () => over,
      });
      call.on("cancelled", () => {
        over = true;
      });
      this.#converse(call, method, handler, (error) => {
        if (method.lasting === true) this.#calls.lastingOver(close);
        else this.#calls.exchangeOver();
        if (over) return;
        over = true;
        if (error === undefined) call.end();
        else call.emit("error", { code: status.INTERNAL, details: "internal error" });
      });
    };
  }

  #clientStream(method: AnyStream): handleClientStreamingCall<unknown, unknown> {
    return (call, callback) => {
      const handler = method.open({ send: () => undefined, isOver: () => false });
      const finish = (error?: unknown): void => {
        if (!this.#calls.lastingOver(close)) return;
        if (error === undefined) callback(null, {});
        else callback({ code: status.INTERNAL, details: "internal error" });
      };
      const close = (): void => finish();
      this.#calls.lastingOpened(close);
      this.#converse(call, method, handler, finish);
    };
  }

  #converse(
    call: ServerDuplexStream<unknown, unknown> | ServerReadableStream<unknown, unknown>,
    method: AnyStream,
    handler: ReturnType<AnyStream["open"]>,
    over: (error?: unknown) => void,
  ): void {
    const conversation = new Conversation<unknown>(handler, {
      finished: () => over(),
      failed: (error) => {
        this.#options.onError(error, method.path);
        over(error);
      },
    });
    call.on("data", (request: unknown) => conversation.receive(request));
    call.on("end", () => conversation.end("end"));
    call.on("cancelled", () => conversation.end("cancelled"));
    // a broken stream emits "cancelled" too; without a listener the error would end the process
    call.on("error", () => conversation.end("cancelled"));
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function notServed(): never {
  throw new Error("the server side has no use for this direction of the codec");
}
