import { EventStreamCodec, Int64, type MessageHeaders } from "@smithy/eventstream-codec";
import { expect } from "chai";
import fc from "fast-check";
import { AwsEventStreamDecoder, type AwsStreamMessage } from "../../src/lib/aws-event-stream.ts";
import { crc32 } from "../../src/lib/crc32.ts";

/** Written by others: what it encodes is the truth here. */
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString("utf8"),
  (text) => Buffer.from(text, "utf8"),
);

const vectors = {
  event:
    "AAAAdgAAAFKW1freCzpldmVudC10eXBlBwAMbWVzc2FnZVN0YXJ0DTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29uDTptZXNzYWdlLXR5cGUHAAVldmVudHsicm9sZSI6ImFzc2lzdGFudCJ9b6jFmQ==",
  exception:
    "AAAAjgAAAGFRQYBUDzpleGNlcHRpb24tdHlwZQcAE3Rocm90dGxpbmdFeGNlcHRpb24NOmNvbnRlbnQtdHlwZQcAEGFwcGxpY2F0aW9uL2pzb24NOm1lc3NhZ2UtdHlwZQcACWV4Y2VwdGlvbnsibWVzc2FnZSI6IlRvbyBtYW55IHRva2VucyJ9yBsewQ==",
  error:
    "AAAAWAAAAEgVRpLBDTptZXNzYWdlLXR5cGUHAAVlcnJvcgs6ZXJyb3ItY29kZQcADUludGVybmFsRXJyb3IOOmVycm9yLW1lc3NhZ2UHAARib29tlhy0Vg==",
};

interface Decoded {
  readonly messages: readonly Readonly<Record<string, string>>[];
  readonly failure: string | null | undefined;
}

function readable(message: AwsStreamMessage): Readonly<Record<string, string>> {
  if (message.kind === "error") return { ...message };
  return { ...message, payload: Buffer.from(message.payload).toString("latin1") };
}

function decode(chunks: readonly Uint8Array[], maxFrameBytes = 10_000): Decoded {
  const decoder = new AwsEventStreamDecoder(maxFrameBytes);
  const messages = chunks.flatMap((chunk) => decoder.push(chunk)).map(readable);
  decoder.end();
  return { messages, failure: decoder.failure?.code };
}

function vector(name: keyof typeof vectors): Uint8Array {
  return Buffer.from(vectors[name], "base64");
}

function text(value: string): MessageHeaders[string] {
  return { type: "string", value };
}

function encode(headers: MessageHeaders, body: Uint8Array | string = ""): Uint8Array {
  return codec.encode({ headers, body: Buffer.from(body as string) });
}

function event(payload: string, type = "chunk"): Uint8Array {
  return encode({ ":message-type": text("event"), ":event-type": text(type) }, payload);
}

/** A frame with these bytes as its header block and right checksums. */
function frameWith(block: readonly number[], headersLength = block.length): Uint8Array {
  const frame = Buffer.alloc(16 + block.length);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(headersLength, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  frame.set(block, 12);
  frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4);
  return frame;
}

/** The first twelve bytes of a frame that announces these lengths. */
function prelude(total: number, headers: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(headers, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

function cutAt(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const sorted = [0, ...offsets.map((offset) => offset % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end));
}

const name = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 });
/** Every type of header that the format knows. */
const header: fc.Arbitrary<MessageHeaders[string]> = fc.oneof(
  fc.record({ type: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({ type: fc.constant("byte" as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant("short" as const), value: fc.integer({ min: -32768, max: 32767 }) }),
  fc.record({ type: fc.constant("integer" as const), value: fc.integer() }),
  fc.record({ type: fc.constant("long" as const), value: fc.integer().map((value) => Int64.fromNumber(value)) }),
  fc.record({ type: fc.constant("binary" as const), value: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ type: fc.constant("string" as const), value: fc.string({ unit: "grapheme" }) }),
  fc.record({ type: fc.constant("timestamp" as const), value: fc.date({ noInvalidDate: true }) }),
  fc.record({ type: fc.constant("uuid" as const), value: fc.uuid() }),
);
const message = fc.record({
  extra: fc.dictionary(name, header, { maxKeys: 5 }),
  type: fc.string({ unit: "grapheme", maxLength: 30 }),
  payload: fc.uint8Array({ maxLength: 300 }),
});

function encodeMessage({ extra, type, payload }: { extra: MessageHeaders; type: string; payload: Uint8Array }) {
  return encode({ ...extra, ":message-type": text("event"), ":event-type": text(type) }, payload as never);
}

describe("AwsEventStreamDecoder", () => {
  it("reads the published vectors", () => {
    expect(decode([vector("event"), vector("exception"), vector("error")])).to.deep.equal({
      messages: [
        { kind: "event", type: "messageStart", payload: '{"role":"assistant"}' },
        { kind: "exception", type: "throttlingException", payload: '{"message":"Too many tokens"}' },
        { kind: "error", code: "InternalError", message: "boom" },
      ],
      failure: undefined,
    });
  });

  it("reads what another implementation writes, every type of header among it, however it is cut (R38)", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 8 }), (messages, offsets) => {
        const bytes = Buffer.concat(messages.map(encodeMessage));
        expect(decode(cutAt(bytes, offsets))).to.deep.equal({
          messages: messages.map(({ type, payload }) => ({
            kind: "event",
            type,
            payload: Buffer.from(payload).toString("latin1"),
          })),
          failure: undefined,
        });
      }),
    );
  });

  it("gives a message as soon as its last byte is there", () => {
    const decoder = new AwsEventStreamDecoder(10_000);
    const bytes = Buffer.concat([vector("event"), vector("error")]);
    const counts = [...bytes].map((byte) => decoder.push(Uint8Array.of(byte)).length);
    const complete = counts.flatMap((count, index) => (count === 0 ? [] : [index + 1]));
    expect(complete).to.deep.equal([vector("event").length, bytes.length]);
  });

  it("gives payloads that later frames do not write over", () => {
    const decoder = new AwsEventStreamDecoder(10_000);
    const [first] = decoder.push(event("first"));
    decoder.push(event("other"));
    expect(first && readable(first)).to.include({ payload: "first" });
  });

  it("fails on every flipped bit, at once, and keeps what came before (R46)", () => {
    const before = event("before");
    const frame = Buffer.concat([event("flipped"), event("after")]);
    for (let bit = 0; bit < event("flipped").length * 8; bit++) {
      const bytes = Buffer.from(frame);
      const at = bit >> 3;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      const decoder = new AwsEventStreamDecoder(10_000);
      const messages = [...decoder.push(before), ...decoder.push(bytes)];
      expect(decoder.failure?.code, `bit ${bit}`).to.equal("bad_upstream_stream");
      expect(messages.map(readable)).to.deep.equal([{ kind: "event", type: "chunk", payload: "before" }]);
    }
  });

  it("fails with the prelude, without waiting for the bytes that a wrong length announces (R46)", () => {
    const damaged = prelude(5_000, 0);
    damaged[3] = 0;
    expect(decode([damaged]).failure).to.equal("bad_upstream_stream");
    const decoder = new AwsEventStreamDecoder(10_000);
    decoder.push(damaged);
    expect(decoder.failure?.message).to.include("checksum");
  });

  it("decodes nothing after a failure", () => {
    const decoder = new AwsEventStreamDecoder(10_000);
    decoder.push(frameWith([0xff]));
    const { failure } = decoder;
    expect(failure).to.include({ code: "bad_upstream_stream" });
    expect(decoder.push(event("late"))).to.deep.equal([]);
    decoder.end();
    expect(decoder.failure).to.equal(failure);
  });

  it("fails on lengths that cannot be, with right checksums", () => {
    for (const [total, headers] of [
      [0, 0],
      [15, 0],
      [16, 1],
      [100, 85],
      [100, 0xffffffff],
    ] as const) {
      const decoder = new AwsEventStreamDecoder(10_000);
      decoder.push(prelude(total, headers));
      expect(decoder.failure?.message, `${total}, ${headers}`).to.include("impossible");
    }
  });

  it("fails on a frame above the limit before it holds it, and takes one of exactly the limit (R48)", () => {
    const frame = event("x".repeat(500));
    expect(decode([frame], frame.length).messages).to.have.length(1);
    const decoder = new AwsEventStreamDecoder(frame.length - 1);
    decoder.push(frame.subarray(0, 12));
    expect(decoder.failure?.message).to.include(`larger than ${frame.length - 1} bytes`);
  });

  it("allocates nothing for bytes that were only announced (R48)", () => {
    const limit = 1024 * 1024 * 1024;
    const decoders = Array.from({ length: 20 }, () => new AwsEventStreamDecoder(limit));
    const before = process.memoryUsage().arrayBuffers;
    for (const decoder of decoders) decoder.push(Buffer.concat([prelude(limit, 0), Buffer.alloc(100)]));
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(1024 * 1024);
    expect(decoders.map(({ failure }) => failure)).to.deep.equal(decoders.map(() => undefined));
  });

  it("holds no more than one frame, however long the stream is", () => {
    const frame = event("y".repeat(5_000));
    const frames = Buffer.concat(Array.from({ length: 10 }, () => frame));
    const decoder = new AwsEventStreamDecoder(10_000);
    const allocate = Buffer.allocUnsafeSlow;
    const allocated: number[] = [];
    Buffer.allocUnsafeSlow = (size) => {
      allocated.push(size);
      return allocate(size);
    };
    try {
      for (let round = 0; round < 50; round++) {
        for (const chunk of cutAt(frames, [1_000 * round, 777])) decoder.push(chunk);
      }
    } finally {
      Buffer.allocUnsafeSlow = allocate;
    }
    expect(decoder.failure).to.equal(undefined);
    expect(allocated.length).to.be.within(1, 3);
    expect(Math.max(...allocated)).to.be.below(2 * frame.length);
  });

  it("fails when the end comes inside a frame, at whatever byte", () => {
    const frame = vector("event");
    for (let length = 1; length < frame.length; length++) {
      const { messages, failure } = decode([vector("error"), frame.subarray(0, length)]);
      expect(messages).to.have.length(1);
      expect(failure).to.equal("bad_upstream_stream");
    }
    expect(decode([frame]).failure).to.equal(undefined);
    expect(decode([]).failure).to.equal(undefined);
  });

  it("fails on a message type that it does not know, or none", () => {
    expect(decode([encode({ ":message-type": text("gossip") })]).failure).to.equal("bad_upstream_stream");
    expect(decode([encode({ ":event-type": text("chunk") })]).failure).to.equal("bad_upstream_stream");
    expect(decode([encode({ ":message-type": { type: "binary", value: Buffer.from("event") } })]).failure).to.equal(
      "bad_upstream_stream",
    );
  });

  it("takes a frame that does not name its type for one of no known type", () => {
    expect(decode([encode({ ":message-type": text("event") }, "x")])).to.deep.equal({
      messages: [{ kind: "event", type: "", payload: "x" }],
      failure: undefined,
    });
  });

  it("fails on header blocks that do not read to their end, with right checksums", () => {
    const sound = [...Buffer.from("\x0d:message-type\x07\x00\x05event")];
    const blocks: readonly (readonly number[])[] = [
      [5, 97], // a name longer than the block
      [1, 97], // no type
      [1, 97, 10], // a type that there is not
      [1, 97, 2], // a value that is missing
      [1, 97, 7, 0], // half of a length
      [1, 97, 7, 0, 9, 97], // a value longer than the block
      [1, 97, 9, 0, 0], // a uuid of two bytes
      [0], // an empty name and nothing
    ];
    expect(decode([frameWith(sound)])).to.deep.equal({
      messages: [{ kind: "event", type: "", payload: "" }],
      failure: undefined,
    });
    for (const block of blocks) {
      const { messages, failure } = decode([frameWith([...sound, ...block])]);
      expect([messages, failure], block.join()).to.deep.equal([[], "bad_upstream_stream"]);
    }
  });

  it("never throws, and says the same of any bytes however they are cut (R38)", () => {
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(vector("event"), vector("error"), event("x"), prelude(2_000_000_000, 3), prelude(40, 20)),
      fc.array(fc.nat({ max: 255 }), { maxLength: 20 }).map((block) => frameWith(block)),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 6 }), (all, offsets) => {
        const bytes = Buffer.concat(all);
        expect(decode(cutAt(bytes, offsets))).to.deep.equal(decode([bytes]));
      }),
    );
  });
});
