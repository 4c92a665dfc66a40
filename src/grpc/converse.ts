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
      // before the call: what it causes to arrive in its own turn has to wait as well
      this.#busy = true;
      try {
        pending = this.#handler.message(request);
      } catch (error) {
        this.#busy = false;
        this.#broken(error);
        return;
      }
      if (pending === undefined) {
        this.#busy = false;
      } else {
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
    this.#finish(this.#end, { error });
  }

  #finish(reason: EndReason, failure?: { readonly error: unknown }): void {
    let broken = failure;
    try {
      this.#handler.ended(reason);
    } catch (error) {
      broken ??= { error };
    }
    if (broken === undefined) this.#outcome.finished();
    else this.#outcome.failed(broken.error);
  }
}
