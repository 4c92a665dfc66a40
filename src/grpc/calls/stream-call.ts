import { Conversation } from "../converse.ts";
import type { Service, StreamHandler } from "../server.ts";
import type { Call, CallHandler } from "./call.ts";
import { statusCode } from "./status.ts";

type StreamService = Exclude<Service, { readonly kind: "unary" }>;

/** Messages that wait to be handled, in bytes, before the peer is asked to wait too. */
const waitingBytes = 262_144;

interface Received {
  readonly message: unknown;
  readonly bytes: number;
}

/** A stream of requests that its handler gets one after the other. */
export class StreamCall implements CallHandler {
  readonly #call: Call;
  readonly #method: StreamService;
  readonly #conversation: Conversation<Received>;
  readonly #over: () => void;
  #waiting = 0;

  /** `over`: called once, when nothing is done for it any more. @throws what the method's `open` throws */
  constructor(call: Call, method: StreamService, over: () => void) {
    this.#call = call;
    this.#method = method;
    this.#over = over;
    const handler: StreamHandler<unknown> = method.open({
      send: (response: unknown) => {
        if (!call.isOver && method.kind === "duplex") call.send(method.codec.encode(response));
      },
      isOver: () => call.isOver,
    });
    this.#conversation = new Conversation<Received>(
      {
        message: ({ message, bytes }) => {
          this.#waits(-bytes);
          return handler.message(message);
        },
        ended: (reason) => handler.ended(reason),
      },
      {
        finished: () => this.#finish(),
        failed: (error) => {
          call.fail(error);
          this.#release();
        },
      },
    );
  }

  message(bytes: Buffer): void {
    this.#waits(bytes.length);
    this.#conversation.receive({ message: this.#method.codec.decode(bytes), bytes: bytes.length });
  }

  end(): void {
    this.#conversation.end("end");
  }

  cancelled(): void {
    this.#conversation.end("cancelled");
  }

  #finish(): void {
    try {
      if (this.#method.kind === "client-stream" && !this.#call.isOver) this.#call.send(this.#method.codec.encode({}));
      this.#call.finish({ code: statusCode.ok, message: "" });
    } catch (error) {
      this.#call.fail(error);
    }
    this.#release();
  }

  #release(): void {
    this.#over();
    this.#call.done();
  }

  #waits(bytes: number): void {
    const before = this.#waiting > waitingBytes;
    this.#waiting += bytes;
    const now = this.#waiting > waitingBytes;
    if (before !== now) this.#call.hold(now);
  }
}
