/** What the renderer needs beside the RuntimeConfig: where things listen on this machine. */
export interface RenderOptions {
  /** Where Tollgate's gRPC services are: `unix:/path` or `host:port`. */
  readonly grpcAddress: string;
  /** Whether what serves there takes any number of resets on one connection. Node's HTTP/2 does not; absent = it may not either. */
  readonly grpcTakesAllResets?: boolean;
  readonly listen: { readonly address: string; readonly port: number };
  /** Envoy's own admin port on loopback; 0 = any free one; undefined = no admin interface. */
  readonly adminPort: number | undefined;
  /** Free loopback port of the listener that answers 503 for backends without a healthy host. */
  readonly tombstonePort: number;
  /** File of Envoy's access log; undefined = standard output. */
  readonly accessLogPath: string | undefined;
  /** Bundle of trusted certificates for TLS to providers. */
  readonly trustedCaFile: string;
}

/** Plain JSON, as Envoy reads it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

/** `type.googleapis.com/` and a message name, with its members: Envoy's typed configuration. */
export function typed(message: string, members: JsonObject): JsonObject {
  return { "@type": `type.googleapis.com/${message}`, ...members };
}

export function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}
