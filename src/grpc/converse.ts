import type { EndReason, StreamHandler } from "./server.ts";

/** What a transport does when a conversation is over; exactly one of the two is called, once, after `ended`. */
export interface ConversationOutcome {
  /** Everything was handled: end the stream with OK. */
  readonly finished: () => void;
  /** The handler threw or rejected: end the stream with INTERNAL. */
  readonly failed: (error: unknown) => void;
}

/**
 * Hands the messages of one stream to its handler strictly one after the other, whatever their handling takes, and its end
 * exactly once and last. Transports feed it from their own events.
 */
export class Conversation<Request> {
  readonly #handler: StreamHandler<Request>;
  readonly #outcome: ConversationOutcome;
  readonly #queue: Request[] = [];
  #busy = false;
  #end: EndReason | undefined;
  #finished = false;

  constructor(handler: StreamHandler<Request>, outcome: ConversationOutcome) {
    this.#handler = handler;
    this.#outcome = outcome;
  }

  receive(request: Request): void {
    if (this.#end !== undefined) return;
    this.#queue.push(request);
    if (!this.#busy) this.#work();
  }

  /** `cancelled` drops what still waits: nobody is there to be answered. */
  end(reason: EndReason): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    if (reason === "cancelled") this.#queue.length = 0;
    if (!this.#busy) this.#work();
  }

  #work(): void {
    for (let request = this.#queue.shift(); request !== undefined; request = this.#queue.shift()) {
      let pending: Promise<void> | void;
      try {
        pending = this.#handler.message(request);
      } catch (error) {
        this.#broken(error);
        return;
      }
      if (pending !== undefined) {
        this.#busy = true;
        pending.then(
          () => {
            this.#busy = false;
            this.#work();
          },
          (error: unknown) => {
            this.#busy = false;
            this.#broken(error);
          },
        );
        return;
      }
    }
    if (this.#end !== undefined) this.#finish(this.#end);
  }

  #broken(error: unknown): void {
    this.#queue.length = 0;
    this.#end ??= "cancelled";
    this.#finish(this.#end, error);
  }

  #finish(reason: EndReason, error?: unknown): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#handler.ended(reason);
    if (error === undefined) this.#outcome.finished();
    else this.#outcome.failed(error);
  }
}
