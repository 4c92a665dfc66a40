import { expect } from "chai";
import fc from "fast-check";
import type { TokenUsage } from "../../../../src/core/usage.ts";
import { SseDecoder, type SseEvent } from "../../../../src/lib/sse.ts";
import { chatStream } from "../../../../src/providers/common/openai/chat-stream.ts";
import { cut } from "../../replay.ts";

const chunkOf = (choices: unknown, more: object = {}) => JSON.stringify({ id: "c", model: "m", choices, ...more });
const text = chunkOf([{ index: 0, delta: { content: "hé" }, finish_reason: null }]);
const finish = chunkOf([{ index: 0, delta: {}, finish_reason: "stop" }]);
const usage = chunkOf([], { usage: { prompt_tokens: 3, completion_tokens: 4 } });
const filtered = chunkOf([], { prompt_filter_results: [1] });
const error = '{"error":{"message":"boom","type":"server_error"}}';

interface Result {
  readonly body: string;
  readonly usage: TokenUsage | undefined;
  readonly characters: number;
  readonly notes: readonly string[];
  readonly failure: string | null | undefined;
}

function pass(chunks: readonly Uint8Array[], hidesUsage: boolean, maxEventBytes = 10_000): Result {
  const stream = chatStream(hidesUsage, maxEventBytes);
  const pieces: Uint8Array[] = [];
  let last: TokenUsage | undefined;
  let characters = 0;
  const notes: string[] = [];
  for (const step of [
    ...chunks.map((chunk) => () => [stream.push(chunk), chunk] as const),
    () => [stream.end(), new Uint8Array(0)] as const,
  ]) {
    const [told, chunk] = step();
    pieces.push((told.body ?? chunk).slice());
    last = told.usage ?? last;
    characters += told.outputBytes ?? 0;
    notes.push(...(told.notes ?? []));
    if (told.failure !== undefined)
      return { body: Buffer.concat(pieces).toString(), usage: last, characters, notes, failure: told.failure.code };
  }
  return { body: Buffer.concat(pieces).toString(), usage: last, characters, notes, failure: undefined };
}

function passText(events: string, hidesUsage = false): Result {
  return pass([Buffer.from(events)], hidesUsage);
}

function decoded(body: string): SseEvent[] {
  const decoder = new SseDecoder(10_000);
  const events = decoder.push(Buffer.from(body));
  return [...events, ...decoder.end()];
}

function events(...data: readonly string[]): string {
  return data.map((payload) => `data: ${payload}\n\n`).join("");
}

describe("chatStream", () => {
  it("passes whole events untouched", () => {
    const stream = chatStream(true, 1000);
    expect(stream.push(Buffer.from(events(text))).body).to.equal(undefined);
    expect(stream.push(Buffer.from(`: keep-alive\n\n${events(text, text)}`)).body).to.equal(undefined);
  });

  it("holds the beginning of an event until its end is there", () => {
    const stream = chatStream(false, 1000);
    const [first, second] = [events(text, text).slice(0, -10), events(text, text).slice(-10)];
    expect(Buffer.from(stream.push(Buffer.from(first)).body ?? "?").toString()).to.equal(events(text));
    expect(Buffer.from(stream.push(Buffer.from(second)).body ?? "?").toString()).to.equal(events(text));
  });

  it("gives the same result for any line ends and any fragmentation, and hides forced usage only (R7, R38, R39)", () => {
    const piece = fc.tuple(
      fc.constantFrom(
        ...[text, finish, usage, filtered, "not json", "[DONE]"].map((data) => `data: ${data}`),
        ": comment",
        "event: vendor\ndata: {}",
      ),
      fc.constantFrom("\n", "\r\n", "\r"),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        fc.boolean(),
        fc.boolean(),
        (pieces, offsets, hides, cutsEnd) => {
          const whole = pieces.map(([lines, end]) => lines.replaceAll("\n", end) + end + end).join("");
          const bytes = Buffer.from(cutsEnd ? whole.slice(0, -3) : whole);
          const borders = [
            0,
            ...offsets.map((offset) => offset % (bytes.length + 1)).sort((a, b) => a - b),
            bytes.length,
          ];
          const chunks = borders.slice(1).map((end, index) => new Uint8Array(bytes.subarray(borders[index], end)));
          const expected = pass([bytes], hides);
          expect(pass(chunks, hides)).to.deep.equal(expected);
          expect(pass(cut(bytes, 1), hides)).to.deep.equal(expected);
          if (!hides && expected.failure === undefined) expect(expected.body).to.equal(bytes.toString());
          if (cutsEnd) return;
          const wanted = decoded(whole).filter((event) => !(hides && event.data === usage));
          expect(decoded(expected.body)).to.deep.equal(wanted);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("removes the forced usage event whole, also with CRLF line ends that are cut (R7)", () => {
    const crLf = events(finish, usage, "[DONE]").replaceAll("\n", "\r\n");
    const shown = events(finish, "[DONE]").replaceAll("\n", "\r\n");
    for (let border = 0; border <= crLf.length; border++) {
      const chunks = [crLf.slice(0, border), crLf.slice(border)].map((part) => Buffer.from(part));
      expect(pass(chunks, true).body, `cut at ${border}`).to.equal(shown);
    }
  });

  it("shows the usage event to who asked for it (R7)", () => {
    expect(passText(events(finish, usage)).body).to.equal(events(finish, usage));
  });

  it("nulls only the usage of an event with vendor content, and keeps its spelling", () => {
    const vendor = '{ "choices" : [] , "usage":{"prompt_tokens":3}, "moderation":{"score":1.0} }';
    const result = passText(events(finish, vendor), true);
    expect(result.body).to.equal(events(finish, vendor.replace('{"prompt_tokens":3}', "null")));
    expect(result.usage).to.deep.equal({ input: 3 });
  });

  it("takes an event without usage neither for usage nor for the end (R8)", () => {
    const result = passText(events(filtered, text), true);
    expect(result).to.deep.include({ body: events(filtered, text), usage: undefined, failure: "upstream_truncated" });
  });

  it("meters usage on a chunk with choices and does not remove it (R10)", () => {
    const last = chunkOf([{ index: 0, delta: {}, finish_reason: "stop" }], { usage: { prompt_tokens: 3 } });
    expect(passText(events(last), true)).to.deep.include({ body: events(last), usage: { input: 3 } });
  });

  it("forwards and meters a last event without newline (R11)", () => {
    const open = `${events(finish)}data: ${usage}`;
    expect(passText(open)).to.deep.include({ body: open, usage: { input: 3, output: 4 }, failure: undefined });
    expect(passText(open, true)).to.deep.include({
      body: events(finish),
      usage: { input: 3, output: 4 },
      failure: undefined,
    });
  });

  it("forwards what it cannot read, and notes it (R12)", () => {
    const result = passText(events("{broken", finish));
    expect(result).to.deep.include({
      body: events("{broken", finish),
      notes: ["unreadable_chunk"],
      failure: undefined,
    });
  });

  it("lets an event above the limit pass unread, and everything after it", () => {
    const large = Buffer.from(events(text, chunkOf([], { padding: "x".repeat(300) }), finish));
    for (const size of [1, 50, 1000]) {
      expect(pass(cut(large, size), true, 200), `pieces of ${size} bytes`).to.deep.include({
        body: large.toString(),
        notes: ["unreadable_chunk"],
        failure: undefined,
      });
    }
  });

  it("keeps back an error event, and everything after it, wherever it is cut (R154)", () => {
    const bytes = Buffer.from(events(text, error, text, "[DONE]"));
    for (let border = 0; border <= bytes.length; border++) {
      const result = pass([bytes.subarray(0, border), bytes.subarray(border)], false);
      expect(result, `cut at ${border}`).to.deep.include({ body: events(text), failure: null });
    }
  });

  it("tells an error that comes first (R157)", () => {
    expect(passText(events(error))).to.deep.include({ body: "", failure: null });
  });

  it("reports a stream that ends early as truncated, without half an event before the error (R155, R156)", () => {
    const bytes = Buffer.from(events(text, text));
    for (let length = 0; length <= bytes.length; length++) {
      const result = pass([bytes.subarray(0, length)], false);
      expect(result.failure, `after ${length} bytes`).to.equal("upstream_truncated");
      const wholeEvents = decoded(result.body);
      expect(wholeEvents.every((event) => event.data === text)).to.equal(true);
      expect(result.body === "" || result.body.endsWith("\n\n"), "an event may follow").to.equal(true);
    }
  });

  it("tells usage seen before the end of a truncated stream (R150)", () => {
    expect(passText(events(text, usage))).to.deep.include({
      usage: { input: 3, output: 4 },
      failure: "upstream_truncated",
    });
  });

  it("is complete with [DONE] or when every choice has finished (§5.6)", () => {
    expect(passText(events(finish)).failure).to.equal(undefined);
    expect(passText(events(text, "[DONE]")).failure).to.equal(undefined);
    const second = chunkOf([{ index: 1, delta: { content: "x" } }]);
    expect(passText(events(second, finish)).failure).to.equal("upstream_truncated");
    const after = chunkOf([{ index: 0, finish_reason: null, content_filter_offsets: {} }]);
    expect(passText(events(finish, after)).failure).to.equal(undefined);
  });

  it("counts the characters of the output", () => {
    const call = { index: 0, function: { name: "w", arguments: '{"a":1}' } };
    const all = chunkOf([
      { index: 0, delta: { content: "ab", reasoning_content: "cde", reasoning: "cde", refusal: "f" } },
      { index: 1, delta: { tool_calls: [call, null, 5] } },
    ]);
    expect(passText(events(all, finish)).characters).to.equal(2 + 3 + 1 + 7);
  });

  it("takes linear time for a large event in single bytes", function () {
    this.timeout(10_000);
    const large = Buffer.from(
      events(chunkOf([{ index: 0, delta: { content: "x".repeat(500_000) }, finish_reason: "stop" }])),
    );
    const stream = chatStream(true, 1_000_000);
    let passed = 0;
    for (let position = 0; position < large.length; position++)
      passed += stream.push(large.subarray(position, position + 1)).body?.length ?? 1;
    expect(passed).to.equal(large.length);
  });

  it("L1: tells the tier of the last chunk that names one, before the counters are known, and counts an unknown one once", () => {
    const told = (...tiers: readonly (string | null)[]) =>
      tiers.map((service_tier) => chunkOf([{ index: 0, delta: {}, finish_reason: null }], { service_tier }));
    const tiers = (...events_: readonly string[]) => passText(events(...events_, finish)).usage?.serviceTier;
    expect(tiers(...told("flex", null))).to.equal("flex");
    expect(tiers(...told("priority", "default"))).to.equal(undefined);
    expect(passText(events(...told("priority"), finish, usage)).usage).to.include({
      input: 3,
      serviceTier: "priority",
    });
    const { notes } = passText(events(...told("warp", "warp"), finish));
    expect(notes).to.deep.equal(["unknown_service_tier"]);
  });
});
