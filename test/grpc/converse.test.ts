import { expect } from "chai";
import fc from "fast-check";
import { Conversation } from "../../src/grpc/converse.ts";
import type { EndReason, StreamHandler } from "../../src/grpc/server.ts";

/** Notes what happens; a message waits until `release` unless `wait` says that it is handled at once. */
class Recorder implements StreamHandler<string> {
  readonly events: string[] = [];
  readonly waiting: {
    readonly name: string;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  readonly #waits: (name: string) => boolean;

  constructor(waits: (name: string) => boolean = () => true) {
    this.#waits = waits;
  }

  message(name: string): Promise<void> | void {
    this.events.push(`begin ${name}`);
    if (!this.#waits(name)) {
      this.events.push(`done ${name}`);
      return;
    }
    return new Promise<void>((resolve, reject) => {
      this.waiting.push({ name, resolve, reject });
    }).then(() => {
      this.events.push(`done ${name}`);
    });
  }

  ended(reason: EndReason): void {
    this.events.push(`ended ${reason}`);
  }

  async release(): Promise<void> {
    this.waiting.shift()?.resolve();
    await turn();
  }

  readonly outcome = {
    finished: () => this.events.push("finished"),
    failed: (error: unknown) => this.events.push(`failed ${error instanceof Error ? error.message : String(error)}`),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Conversation", () => {
  it("hands messages over strictly one after the other, and the end after the last", async () => {
    const handler = new Recorder();
    const conversation = new Conversation(handler, handler.outcome);
    for (const name of ["a", "b", "c"]) conversation.receive(name);
    conversation.end("end");
    expect(handler.events).to.deep.equal(["begin a"]);
    await handler.release();
    expect(handler.events).to.deep.equal(["begin a", "done a", "begin b"]);
    await handler.release();
    await handler.release();
    expect(handler.events.slice(3)).to.deep.equal(["done b", "begin c", "done c", "ended end", "finished"]);
  });

  it("handles synchronous messages in their own turn", () => {
    const handler = new Recorder(() => false);
    const conversation = new Conversation(handler, handler.outcome);
    conversation.receive("a");
    conversation.receive("b");
    conversation.end("end");
    expect(handler.events).to.deep.equal(["begin a", "done a", "begin b", "done b", "ended end", "finished"]);
  });

  it("what a handler causes to arrive in its own turn waits as well", async () => {
    const events: string[] = [];
    let conversation: Conversation<string> | undefined;
    const handler: StreamHandler<string> = {
      message: async (name) => {
        events.push(`begin ${name}`);
        if (name === "a") {
          conversation?.receive("b");
          conversation?.end("end");
        }
        await turn();
        events.push(`done ${name}`);
      },
      ended: (reason) => void events.push(`ended ${reason}`),
    };
    await new Promise<void>((resolve, reject) => {
      conversation = new Conversation(handler, { finished: resolve, failed: reject });
      conversation.receive("a");
    });
    expect(events).to.deep.equal(["begin a", "done a", "begin b", "done b", "ended end"]);
  });

  it("a cancellation drops what waits, and ends after the message in work", async () => {
    const handler = new Recorder();
    const conversation = new Conversation(handler, handler.outcome);
    conversation.receive("a");
    conversation.receive("b");
    conversation.end("cancelled");
    conversation.receive("c");
    expect(handler.events).to.deep.equal(["begin a"]);
    await handler.release();
    expect(handler.events).to.deep.equal(["begin a", "done a", "ended cancelled", "finished"]);
  });

  it("the first end counts: `end` followed by `cancelled` is `end`, once", async () => {
    const handler = new Recorder();
    const conversation = new Conversation(handler, handler.outcome);
    conversation.receive("a");
    conversation.receive("b");
    conversation.end("end");
    conversation.end("cancelled");
    await handler.release();
    await handler.release();
    expect(handler.events.slice(-3)).to.deep.equal(["done b", "ended end", "finished"]);
  });

  it("ends at once when nothing was said", () => {
    const handler = new Recorder();
    new Conversation(handler, handler.outcome).end("cancelled");
    expect(handler.events).to.deep.equal(["ended cancelled", "finished"]);
  });

  it("a rejecting handler ends it once, with the error, and hears nothing more", async () => {
    const handler = new Recorder();
    const conversation = new Conversation(handler, handler.outcome);
    conversation.receive("a");
    conversation.receive("b");
    handler.waiting[0]?.reject(new Error("broken"));
    await turn();
    conversation.receive("c");
    conversation.end("end");
    conversation.end("cancelled");
    await turn();
    expect(handler.events).to.deep.equal(["begin a", "ended cancelled", "failed broken"]);
  });

  it("a rejection without a value is a failure too", async () => {
    const handler = new Recorder();
    const conversation = new Conversation(handler, handler.outcome);
    conversation.receive("a");
    handler.waiting[0]?.reject(undefined);
    await turn();
    expect(handler.events.at(-1)).to.equal("failed undefined");
  });

  it("a throwing handler ends it once", () => {
    const events: string[] = [];
    const conversation = new Conversation<string>(
      {
        message: () => {
          throw new Error("thrown");
        },
        ended: (reason) => void events.push(`ended ${reason}`),
      },
      { finished: () => events.push("finished"), failed: (error) => events.push(String(error)) },
    );
    conversation.receive("a");
    conversation.receive("b");
    conversation.end("end");
    expect(events).to.deep.equal(["ended cancelled", "Error: thrown"]);
  });

  it("a handler that throws at the end fails it instead of the process", () => {
    const events: string[] = [];
    const conversation = new Conversation<string>(
      {
        message: () => undefined,
        ended: () => {
          throw new Error("at the end");
        },
      },
      { finished: () => events.push("finished"), failed: (error) => events.push(String(error)) },
    );
    conversation.end("end");
    conversation.end("cancelled");
    expect(events).to.deep.equal(["Error: at the end"]);
  });

  it("property: whatever the handling takes, messages neither overlap nor change places, and the end is last", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 12 }), fc.nat(12), async (turns, endAfter) => {
        const events: string[] = [];
        const over = new Promise<void>((resolve) => {
          const handler: StreamHandler<number> = {
            message: (index) => {
              events.push(`begin ${index}`);
              const left = turns[index] ?? 0;
              if (left === 0) return void events.push(`done ${index}`);
              return (async () => {
                for (let count = 0; count < left; count++) await Promise.resolve();
                events.push(`done ${index}`);
              })();
            },
            ended: () => void events.push("ended"),
          };
          const conversation = new Conversation(handler, { finished: resolve, failed: () => resolve() });
          for (const index of turns.keys()) if (index < endAfter) conversation.receive(index);
          conversation.end("end");
        });
        await over;
        const expected = [...turns.keys()].slice(0, endAfter).flatMap((index) => [`begin ${index}`, `done ${index}`]);
        expect(events).to.deep.equal([...expected, "ended"]);
      }),
    );
  });
});
