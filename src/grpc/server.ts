/**
 * The transport seam. Nothing above this folder knows which gRPC implementation serves; `grpc-js.ts` is one.
 * Messages cross it as bytes with a codec beside it.
 */
export interface Codec<Request, Response> {
  readonly decode: (bytes: Uint8Array) => Request;
  readonly encode: (response: Response) => Uint8Array;
}

/** Why a stream is over. `end`: the peer said that it sends no more; `cancelled`: the peer or the transport broke off. */
export type EndReason = "end" | "cancelled";

export interface UnaryMethod<Request, Response> {
  readonly kind: "unary";
  /** `/package.Service/Method` */
  readonly path: string;
  readonly codec: Codec<Request, Response>;
  /** A rejection becomes status INTERNAL. */
  readonly handle: (request: Request) => Promise<Response>;
}

/** One open stream, as its handler sees it. */
export interface Peer<Response> {
  /** Sends a message; ignored after the stream is over. */
  send(response: Response): void;
  /** Nobody is there any more. True before `ended` is called when a message is still being handled. */
  isOver(): boolean;
}

export interface StreamHandler<Request> {
  /** Messages of a stream are handled one after the other: the next waits until this promise is settled. A rejection ends the stream with INTERNAL. */
  message(request: Request): Promise<void> | void;
  /** Called exactly once, after the last message was handled. */
  ended(reason: EndReason): void;
}

export interface StreamMethod<Request, Response> {
  /** `duplex`: both sides stream. `client-stream`: only the peer streams (access logs). */
  readonly kind: "duplex" | "client-stream";
  /** The peer keeps such a stream open for as long as it lives: shutdown does not wait for its end. Those with `client-stream` always do. */
  readonly lasting?: boolean;
  readonly path: string;
  readonly codec: Codec<Request, Response>;
  readonly open: (peer: Peer<Response>) => StreamHandler<Request>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of services mixes message types; each method is closed over its own
export type Service = UnaryMethod<any, any> | StreamMethod<any, any>;

export interface Listening {
  /** Stops accepting, gives open streams `graceMs` to finish, then closes them. */
  close(graceMs: number): Promise<void>;
}

export interface GrpcServer {
  /**
   * @param address `unix:/path` or `host:port`
   * @throws GatewayError-free `Error` with a message for the operator when the address cannot be served
   */
  serve(address: string, services: readonly Service[]): Promise<Listening>;
}
