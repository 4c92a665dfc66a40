import { GrpcJsServer } from "../grpc/grpc-js.ts";
import { Http2Server } from "../grpc/http2-server.ts";
import type { GrpcServer } from "../grpc/server.ts";
import { UsageError } from "./options.ts";

/** Who serves gRPC: our own HTTP/2 server, or @grpc/grpc-js. */
export type Transport = "http2" | "grpc-js";

export const defaultTransport: Transport = "http2";

/** @throws UsageError when it is neither */
export function readTransport(text: string, name: string): Transport {
  if (text === "http2" || text === "grpc-js") return text;
  throw new UsageError(`${name} must be http2 or grpc-js, not ${text}`);
}

/** Node's HTTP/2, which grpc-js is made of, ends a connection after a burst of resets. */
export function takesAllResets(transport: Transport): boolean {
  return transport === "http2";
}

export function makeGrpcServer(
  transport: Transport,
  options: { readonly maxMessageBytes: number; readonly onError: (error: unknown, path: string) => void },
): GrpcServer {
  return transport === "http2" ? new Http2Server(options) : new GrpcJsServer(options);
}
