import { expect } from "chai";
import fc from "fast-check";
import { GatewayError } from "../../../../src/lib/errors.ts";
import { MessagesAnswerWriter } from "../../../../src/providers/common/messages/messages-answer-writer.ts";
import { MessagesStreamWriter } from "../../../../src/providers/common/messages/messages-stream-writer.ts";
import { type MessagesWriter, renderMessagesUsage } from "../../../../src/providers/common/messages/messages-writer.ts";
import { checkBlocks, foldMessagesStream } from "./sdk-fold.ts";

const head = { id: "msg_1", model: "m" };

function makeStreamWriter(maxHeldBytes = 1_000): MessagesStreamWriter {
  return new MessagesStreamWriter({ unnamed: () => ({ id: "msg_tg_1", model: "asked" }), maxHeldBytes });
}

function taken(writer: MessagesWriter): string {
  return Buffer.from(writer.take()).toString();
}

/** What a provider may say: text, thinking, and pieces of the arguments of up to three calls, in any order. */
type Said =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "call"; readonly call: number };

const said: fc.Arbitrary<readonly Said[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("text" as const), text: fc.string() }),
    fc.record({ kind: fc.constant("thinking" as const), text: fc.string() }),
    fc.record({ kind: fc.constant("call" as const), call: fc.integer({ min: 0, max: 2 }) }),
  ),
  { maxLength: 20 },
);
const argumentsOfCalls = ['{"a":"}{\\"","b":[1.0,{}]}', "{}", '{"nested":{"deep":[[]]}}'];

/** Says it; each mention of a call gives a few characters more of its arguments, the end gives the rest. */
function say(writer: MessagesWriter, all: readonly Said[]): void {
  const given = new Map<number, number>();
  const numbers = new Map<number, number>();
  const give = (call: number, length: number): void => {
    const from = given.get(call) ?? 0;
    writer.toolArguments(numbers.get(call) ?? 0, (argumentsOfCalls[call] ?? "").slice(from, from + length));
    given.set(call, from + length);
  };
  writer.start(head);
  for (const one of all) {
    if (one.kind === "text") writer.text(one.text);
    else if (one.kind === "thinking") writer.thinking(one.text, "tg1.openai.");
    else {
      if (!numbers.has(one.call)) {
        numbers.set(one.call, numbers.size);
        writer.toolStart(numbers.get(one.call) ?? 0, `call_${one.call}`, "n");
      }
      give(one.call, 3);
    }
  }
  for (const call of numbers.keys()) give(call, 1_000);
  writer.finish("end_turn", null);
  writer.done({ input: 10, cachedInput: 4, output: 3 });
}

describe("MessagesStreamWriter", () => {
  it("writes complete blocks one after the other, whatever is interleaved, that the official client understands (R133, R134)", async () => {
    await fc.assert(
      fc.asyncProperty(said, async (all) => {
        const writer = makeStreamWriter();
        say(writer, all);
        const stream = taken(writer);
        checkBlocks(stream);
        const folded = await foldMessagesStream(stream);
        const calls = (folded["content"] as { type: string; id: string; input: unknown }[]).filter(
          ({ type }) => type === "tool_use",
        );
        for (const { id, input } of calls)
          expect(input).to.deep.equal(JSON.parse(argumentsOfCalls[Number(id.at(-1))] ?? ""));
        const texts = (kind: string) => all.flatMap((one) => (one.kind === kind && "text" in one ? one.text : []));
        const written = (folded["content"] as Record<string, string>[]).map((block) => block["text"] ?? "");
        expect(written.join("")).to.equal(texts("text").join(""));
      }),
      { numRuns: 200 },
    );
  });

  it("counts the same output as the answer writer (R143)", () => {
    fc.assert(
      fc.property(said, (all) => {
        const stream = makeStreamWriter();
        const whole = new MessagesAnswerWriter();
        say(stream, all);
        say(whole, all);
        expect(stream.takeOutputBytes()).to.equal(whole.takeOutputBytes());
      }),
    );
  });

  it("any beginning that is cut off and closed is a message with whole blocks (R134, L34)", () => {
    fc.assert(
      fc.property(said, fc.nat(20), (all, length) => {
        const writer = makeStreamWriter();
        const cut = all.slice(0, length);
        let calls = 0;
        if (length > 0) writer.start(head);
        for (const one of cut) {
          if (one.kind === "text") writer.text(one.text);
          else if (one.kind === "thinking") writer.thinking(one.text, "s");
          else writer.toolStart(calls++, "c", "n");
        }
        writer.closeOpen();
        const stream = taken(writer);
        expect(stream).to.match(/^event: message_start\n/);
        checkBlocks(`${stream}event: message_delta\ndata: {"type":"message_delta"}\n\n`);
      }),
    );
  });

  it("sends what can be sent at once (R144)", () => {
    const writer = makeStreamWriter();
    writer.start(head);
    expect(taken(writer)).to.contain("message_start");
    writer.text("a");
    expect(taken(writer)).to.contain('"text":"a"');
    writer.toolStart(0, "c", "n");
    writer.toolArguments(0, "{}");
    expect(taken(writer)).to.contain('"partial_json":"{}"');
    writer.text("b");
    expect(taken(writer)).to.contain('"text":"b"');
  });

  it("holds no more than it may", () => {
    const writer = makeStreamWriter(5);
    writer.start(head);
    writer.toolStart(0, "c", "n");
    writer.toolArguments(0, "{");
    writer.text("12345");
    expect(() => writer.text("6"))
      .to.throw(GatewayError)
      .with.property("code", "bad_upstream_stream");
  });

  it("keeps a client waiting with the ping of its dialect (R140)", () => {
    const writer = makeStreamWriter();
    writer.keepAlive();
    expect(taken(writer)).to.equal('event: ping\ndata: {"type":"ping"}\n\n');
  });
});

describe("renderMessagesUsage", () => {
  it("shows input without what was cached, and that apart (R137)", () => {
    const usage = { input: 100, cachedInput: 60, cacheWrite: 30, output: 7, reasoning: 2 };
    expect(JSON.parse(JSON.stringify(renderMessagesUsage(usage)))).to.deep.equal({
      input_tokens: 10,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 30,
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 2 },
    });
  });

  it("is there with zeros when nothing was told, and never below them", () => {
    const shown = (usage: Parameters<typeof renderMessagesUsage>[0]) =>
      JSON.parse(JSON.stringify(renderMessagesUsage(usage)));
    expect(shown(undefined)).to.deep.equal({ input_tokens: 0, output_tokens: 0 });
    expect(shown({ cachedInput: 5 })).to.deep.equal({ input_tokens: 0, cache_read_input_tokens: 5, output_tokens: 0 });
  });
});
