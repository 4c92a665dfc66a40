import { errorCode, StreamError } from "./errors.ts";
import { ReceiveWindow, SendWindow } from "./flow-control.ts";
import type { RequestHead } from "./request-head.ts";

/** One request, as whoever answers it sees it. Everything is ignored once the stream is over. */
export interface ServerStream {
  /** Begins the answer with an encoded header block. */
  headers(block: Buffer): void;
  /** Not to be changed by the caller afterwards. */
  data(parts: readonly Uint8Array[]): void;
  /** Ends the answer with an encoded header block; alone it is a whole answer without a body. */
  trailers(block: Buffer): void;
  reset(code: number): void;
  /** The peer may send as many bytes in addition: call it for all that came, as soon as it needs no memory any more. */
  credit(bytes: number): void;
  /** Nothing is done for this request any more. Until then it counts as one of the peer's, even after the peer reset it. */
  done(): void;
}

/** What becomes of a request's body. Nothing is called after `end` but `cancelled`, and nothing after that. */
export interface StreamConsumer {
  /** A view: copy what is to be kept. True when this was the last byte of something of use. */
  data(bytes: Buffer): boolean;
  end(): void;
  /** The peer or the connection broke off. Not called for what `ServerStream` was told to end or reset. */
  cancelled(): void;
}

/** Takes a request on. It may answer at once. */
export type Accept = (stream: ServerStream, head: RequestHead) => StreamConsumer;

/** What a stream asks of its connection. */
export interface StreamOwner {
  sendHeaders(stream: Stream, block: Buffer): void;
  sendData(stream: Stream, parts: readonly Uint8Array[]): void;
  sendTrailers(stream: Stream, block: Buffer): void;
  resetStream(stream: Stream, code: number): void;
  creditStream(stream: Stream, bytes: number): void;
  released(): void;
}

/** A stream's state; the connection moves it. */
export class Stream implements ServerStream {
  readonly id: number;
  readonly sendWindow: SendWindow;
  readonly receiveWindow: ReceiveWindow;
  readonly #owner: StreamOwner;
  consumer: StreamConsumer | undefined;
  remoteClosed = false;
  /** Both sides are closed, or it was reset. */
  closed = false;
  /** Our side has said its last word, which may still be waiting. */
  ended = false;
  /** The peer has sent something of use. */
  hasSpoken = false;
  /** Bytes of the body that are still to come; undefined = not told. */
  bodyLeft: number | undefined;
  /** What waits for a window, and what ends it. */
  queue: Uint8Array[] = [];
  queuedBytes = 0;
  queuedTrailers: Buffer | undefined;
  #isDone = false;

  constructor(id: number, owner: StreamOwner, sendWindowBytes: number, receiveWindowBytes: number) {
    this.id = id;
    this.#owner = owner;
    this.sendWindow = new SendWindow(sendWindowBytes);
    this.receiveWindow = new ReceiveWindow(receiveWindowBytes);
  }

  headers(block: Buffer): void {
    if (!this.ended) this.#owner.sendHeaders(this, block);
  }

  data(parts: readonly Uint8Array[]): void {
    if (!this.ended) this.#owner.sendData(this, parts);
  }

  trailers(block: Buffer): void {
    if (this.ended) return;
    this.ended = true;
    this.#owner.sendTrailers(this, block);
  }

  reset(code: number): void {
    if (this.closed) return;
    this.ended = true;
    this.#owner.resetStream(this, code);
  }

  credit(bytes: number): void {
    if (!this.closed && !this.remoteClosed) this.#owner.creditStream(this, bytes);
  }

  done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (this.closed) this.#owner.released();
  }

  /** Counts what came of the body. @throws StreamError when it is not as long as was said */
  countBody(bytes: number, endStream: boolean): void {
    if (this.bodyLeft === undefined) return;
    this.bodyLeft -= bytes;
    if (this.bodyLeft < 0 || (endStream && this.bodyLeft > 0))
      throw new StreamError(this.id, errorCode.protocol, "the body is not as long as content-length says");
  }

  /** The connection knows it no more. */
  close(): void {
    this.closed = true;
    this.ended = true;
    this.queue = [];
    this.queuedBytes = 0;
    if (this.#isDone) this.#owner.released();
  }
}
