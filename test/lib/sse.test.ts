import { expect } from "chai";
import fc from "fast-check";
import { encodeSseEvent, SseDecoder, type SseEvent, sseDone } from "../../src/lib/sse.ts";

interface Decoded {
  readonly events: SseEvent[];
  readonly done: boolean;
  readonly failure: string | null | undefined;
}

function decode(chunks: readonly Uint8Array[], maxEventBytes = 1000): Decoded {
  const decoder = new SseDecoder(maxEventBytes);
  const events = chunks.flatMap((chunk) => decoder.push(chunk));
  events.push(...decoder.end());
  return { events, done: decoder.done, failure: decoder.failure?.code };
}

function decodeText(text: string, maxEventBytes?: number): Decoded {
  return decode([Buffer.from(text)], maxEventBytes);
}

/** Cuts at the given offsets; each piece in memory of its own. */
function cutAt(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const sorted = [0, ...offsets.map((offset) => offset % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end));
}

/** Texts in which everything that means something to the decoder is frequent. */
const streamText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "data:",
        "data: ",
        "event: x",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        ": c",
        "id: 1",
        "data",
        "[DONE]",
        "\ufeff",
        " ",
      ),
      fc.string({ unit: "grapheme", maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(""));

describe("SseDecoder", () => {
  it("gives the same events for every fragmentation (R38)", () => {
    fc.assert(
      fc.property(
        streamText,
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.constantFrom(1000, 12),
        (text, offsets, limit) => {
          const bytes = Buffer.from(text);
          const whole = decode([bytes], limit);
          expect(decode(cutAt(bytes, offsets), limit)).to.deep.equal(whole);
          expect(decode(cutAt(bytes, [...bytes.keys()]), limit), "single bytes").to.deep.equal(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives the same events for arbitrary bytes however they are cut, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(), { maxLength: 5 }), (bytes, offsets) => {
        expect(decode(cutAt(bytes, offsets))).to.deep.equal(decode([bytes]));
      }),
    );
  });

  for (const [name, lineEnd] of Object.entries({ LF: "\n", CRLF: "\r\n", CR: "\r" })) {
    it(`takes ${name} for a line end (R39)`, () => {
      const text = ["event: a", "data: 1", "", "data: 2", "", ""].join(lineEnd);
      expect(decodeText(text).events).to.deep.equal([{ event: "a", data: "1" }, { data: "2" }]);
    });
  }

  it("does not take a CRLF that is cut in the middle for two line ends (R39)", () => {
    const chunks = ["data: 1\r", "\ndata: 2\r", "\n\r", "\n"].map((text) => Buffer.from(text));
    expect(decode(chunks).events).to.deep.equal([{ data: "1\n2" }]);
  });

  it("removes exactly one space after the colon (R40)", () => {
    expect(decodeText("data:x\n\ndata: x\n\ndata:  x\n\n").events).to.deep.equal([
      { data: "x" },
      { data: "x" },
      { data: " x" },
    ]);
  });

  it("joins data lines with a newline and ignores comments and unknown fields (R41)", () => {
    const text = ": hello\nid: 7\nretry: 5\ndata: a\n: c\ndatabase: z\ndata\ndata: b\n\n";
    expect(decodeText(text).events).to.deep.equal([{ data: "a\n\nb" }]);
  });

  it("drops an event without data, and its name", () => {
    expect(decodeText("event: a\n\ndata: 1\n\n").events).to.deep.equal([{ data: "1" }]);
  });

  it("keeps characters that are cut between chunks, and spaces at the cut (R42)", () => {
    const bytes = Buffer.from('data: {"a":"🙂 é \u2028"}\n\n');
    expect(decode(cutAt(bytes, [...bytes.keys()])).events).to.deep.equal([{ data: '{"a":"🙂 é \u2028"}' }]);
  });

  it("ignores a byte order mark at the start only (R43)", () => {
    const events = decodeText("\ufeffdata: \ufeffx\n\n\ufeffdata: y\n\n").events;
    expect(events).to.deep.equal([{ data: "\ufeffx" }]);
  });

  it("ends at [DONE], also without a final newline, and ignores what follows (R44)", () => {
    expect(decodeText("data: 1\n\ndata:  [DONE] \n\ndata: 2\n\n")).to.deep.include({
      events: [{ data: "1" }],
      done: true,
    });
    expect(decodeText("data: [DONE]")).to.deep.include({ events: [], done: true });
  });

  it("dispatches an event that is open at the end of input when it has data", () => {
    expect(decodeText("data: 1").events).to.deep.equal([{ data: "1" }]);
    expect(decodeText("event: a\ndata: 1\n").events).to.deep.equal([{ event: "a", data: "1" }]);
    expect(decodeText("event: a\n").events).to.deep.equal([]);
  });

  it("fails on an event above the limit and keeps the events before it in the same chunk", () => {
    const decoded = decodeText(`data: 1\n\ndata: ${"x".repeat(30)}\n\ndata: 3\n\n`, 20);
    expect(decoded).to.deep.include({ events: [{ data: "1" }], failure: "bad_upstream_stream" });
  });

  it("counts all lines of an event against the limit, and lets many small events pass", () => {
    expect(decodeText("data: 12345\n".repeat(3), 20).failure).to.equal("bad_upstream_stream");
    expect(decodeText(`data: 1\n${": comment\n".repeat(3)}`, 20).failure).to.equal("bad_upstream_stream");
    expect(decodeText("data: 12345\n\n".repeat(30), 20).events).to.have.length(30);
    expect(decodeText(": comment\n".repeat(30), 20).failure).to.equal(undefined);
  });

  it("returns nothing after a failure", () => {
    const decoder = new SseDecoder(5);
    decoder.push(Buffer.from("data: 123456\n\n"));
    expect(decoder.failure?.code).to.equal("bad_upstream_stream");
    expect([...decoder.push(Buffer.from("data:1\n\n")), ...decoder.end()]).to.deep.equal([]);
  });

  it("keeps nothing of a chunk that its owner reuses", () => {
    const decoder = new SseDecoder(100);
    const chunk = Buffer.from("data: secret");
    decoder.push(chunk);
    chunk.fill(0x20);
    expect(decoder.push(Buffer.from("\n\n"))).to.deep.equal([{ data: "secret" }]);
  });

  it("tells where events lie, so that they can be cut out of the stream", () => {
    fc.assert(
      fc.property(streamText, fc.array(fc.nat(), { maxLength: 8 }), (text, offsets) => {
        const bytes = Buffer.from(text);
        const decoder = new SseDecoder(1000);
        for (const chunk of cutAt(bytes, offsets)) {
          const events = decoder.push(chunk);
          expect(decoder.ranges).to.have.length(events.length);
          for (const [index, range] of decoder.ranges.entries()) {
            const alone = Buffer.from(bytes.subarray(range.start, range.end))
              .toString()
              .replace(/^\ufeff/, "");
            expect(decodeText(alone).events, JSON.stringify(alone)).to.deep.equal([events[index]]);
          }
        }
      }),
    );
  });

  it("settles at every place where an event may be inserted, and at no other", () => {
    const decoder = new SseDecoder(1000);
    const settled = ["data: 1\n", "\n", ": c\n", ": open", "\n", "event: x\n", "\r", "\n"].map((text) => {
      decoder.push(Buffer.from(text));
      return decoder.settled;
    });
    expect(settled).to.deep.equal([0, 9, 13, 13, 20, 20, 30, 31]);
  });

  it("takes linear time for a large event that arrives byte by byte", function () {
    this.timeout(10_000);
    const decoder = new SseDecoder(8 * 1024 * 1024);
    const byte = Buffer.from("x");
    decoder.push(Buffer.from("data:"));
    for (let count = 0; count < 2_000_000; count++) decoder.push(byte);
    expect(decoder.push(Buffer.from("\n\n"))[0]?.data).to.have.length(2_000_000);
  });
});

describe("encodeSseEvent", () => {
  it("ends every event with a blank line (R45)", () => {
    expect(encodeSseEvent("{}")).to.equal("data: {}\n\n");
    expect(encodeSseEvent("{}", "ping")).to.equal("event: ping\ndata: {}\n\n");
    expect(sseDone).to.equal("data: [DONE]\n\n");
  });

  it("splits a payload at its raw newlines, and the decoder puts it together again", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", " ", "\n", "\r", ":", "é"), maxLength: 12 }), (data) => {
        const expected = data.replace(/\r\n?/g, "\n");
        expect(decodeText(encodeSseEvent(data, "x")).events).to.deep.equal([{ event: "x", data: expected }]);
      }),
    );
  });
});
