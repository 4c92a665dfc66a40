import type { ServerStream, StreamConsumer } from "../http2/stream.ts";
import type { BufferedBytes } from "./buffered-bytes.ts";
import { MessageReader } from "./message-reader.ts";
import { answerHead, CallError, type Status, statusCode, trailersOf } from "./status.ts";

/** What all calls of a server share. */
export interface CallOptions {
  /** Largest message in bytes, both ways. */
  readonly maxMessageBytes: number;
  readonly buffered: BufferedBytes;
  readonly onError: (error: unknown, path: string) => void;
}

/** What a kind of method makes of a call. */
export interface CallHandler {
  /** Bytes of one message, a view. @throws CallError */
  message(bytes: Buffer): void;
  /** The peer has said all. @throws CallError */
  end(): void;
  /** Nobody waits for the answer any more. Called once at most, and not after `Call.finish`. */
  cancelled(): void;
}

/** One gRPC call on one stream: messages in, messages out, one status at the end. */
export class Call implements StreamConsumer {
  readonly path: string;
  readonly #stream: ServerStream;
  readonly #options: CallOptions;
  readonly #reader: MessageReader;
  readonly #timer: NodeJS.Timeout | undefined;
  #handler: CallHandler | undefined;
  #completed = 0;
  #hasBegun = false;
  #isOver = false;
  /** What was received and may not be sent anew, because too much waits. */
  #held = 0;
  #isHolding = false;

  constructor(stream: ServerStream, path: string, options: CallOptions, timeoutMs: number | undefined) {
    this.path = path;
    this.#stream = stream;
    this.#options = options;
    this.#reader = new MessageReader(options.maxMessageBytes, options.buffered, (message) => {
      this.#completed++;
      if (!this.#isOver) this.#handler?.message(message);
    });
    if (timeoutMs !== undefined)
      this.#timer = setTimeout(
        () => this.#break({ code: statusCode.deadlineExceeded, message: "the call took too long" }),
        timeoutMs,
      );
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  handledBy(handler: CallHandler): void {
    this.#handler = handler;
  }

  /** Sends a message; ignored after the end. @throws what the encoder throws */
  send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (bytes.length > this.#options.maxMessageBytes) {
      this.#break({ code: statusCode.resourceExhausted, message: "the answer is too large" });
      return;
    }
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#stream.headers(answerHead);
    }
    const prefix = Buffer.allocUnsafe(5);
    prefix[0] = 0;
    prefix.writeUInt32BE(bytes.length, 1);
    this.#stream.data([prefix, bytes]);
  }

  /** Ends the call, unless it is over. */
  finish(status: Status): void {
    if (this.#isOver) return;
    this.#close();
    this.#stream.trailers(trailersOf(status, this.#hasBegun));
  }

  /** As `finish` with INTERNAL; the error is for the log only. */
  fail(error: unknown): void {
    this.#options.onError(error, this.path);
    this.finish({ code: statusCode.internal, message: "internal error" });
  }

  /** No work is done for this call any more. */
  done(): void {
    this.#stream.done();
  }

  /** Whether the peer should wait before it sends more. */
  hold(isHolding: boolean): void {
    this.#isHolding = isHolding;
    if (isHolding || this.#held === 0) return;
    const held = this.#held;
    this.#held = 0;
    this.#stream.credit(held);
  }

  data(bytes: Buffer): boolean {
    const before = this.#completed;
    this.#guarded(() => this.#reader.read(bytes));
    if (this.#isHolding) this.#held += bytes.length;
    else this.#stream.credit(bytes.length);
    return this.#completed > before;
  }

  end(): void {
    this.#guarded(() => {
      if (this.#reader.isInside) throw new CallError(statusCode.internal, "the request ends inside a message");
      this.#handler?.end();
    });
  }

  cancelled(): void {
    if (this.#isOver) return;
    this.#close();
    this.#handler?.cancelled();
  }

  #guarded(work: () => void): void {
    if (this.#isOver) return;
    try {
      work();
    } catch (error) {
      if (error instanceof CallError) this.#break(error.status);
      else {
        this.#options.onError(error, this.path);
        this.#break({ code: statusCode.internal, message: "internal error" });
      }
    }
  }

  /** Ends the call while its handler may still be at work. */
  #break(status: Status): void {
    if (this.#isOver) return;
    this.finish(status);
    this.#handler?.cancelled();
  }

  #close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#reader.close();
  }
}
