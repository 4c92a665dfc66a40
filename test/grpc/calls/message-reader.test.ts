import { expect } from "chai";
import fc from "fast-check";
import { BufferedBytes } from "../../../src/grpc/calls/buffered-bytes.ts";
import { MessageReader } from "../../../src/grpc/calls/message-reader.ts";
import { CallError, statusCode } from "../../../src/grpc/calls/status.ts";
import { grpcMessage } from "../../support/http2-peer.ts";

const megabyte = 1_048_576;

function makeReader(buffered = new BufferedBytes(16 * megabyte), maxMessageBytes = 8 * megabyte) {
  const messages: string[] = [];
  const reader = new MessageReader(maxMessageBytes, buffered, (message) => messages.push(message.toString("base64")));
  return { reader, messages };
}

describe("MessageReader", () => {
  it("property: reads the same messages wherever the bytes are cut, and keeps no memory", () => {
    const message = fc.oneof(fc.nat(30), fc.nat(200_000)).map((length): Buffer => Buffer.alloc(length, length));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (sent, places) => {
        const buffered = new BufferedBytes(megabyte);
        const { reader, messages } = makeReader(buffered);
        const bytes = Buffer.concat(sent.map((one) => grpcMessage(one)));
        const cuts = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        for (const [index, to] of cuts.entries()) if (index > 0) reader.read(bytes.subarray(cuts[index - 1], to));
        expect(messages).to.deep.equal(sent.map((one) => one.toString("base64")));
        expect(reader.isInside).to.equal(false);
        expect(buffered.take(megabyte)).to.equal(true);
      }),
      { numRuns: 60 },
    );
  });

  const refused: readonly (readonly [string, Buffer, number])[] = [
    ["a compressed message", grpcMessage(Buffer.alloc(3), 1), statusCode.unimplemented],
    ["a message with an unknown flag", grpcMessage(Buffer.alloc(3), 2), statusCode.internal],
    ["a message that is too large, by its prefix", Buffer.from([0, 0, 0x80, 0, 1]), statusCode.resourceExhausted],
  ];
  for (const [name, bytes, code] of refused) {
    it(`refuses ${name}`, () => {
      try {
        makeReader().reader.read(bytes);
        expect.fail("it was read");
      } catch (error) {
        expect(error).to.be.instanceOf(CallError);
        expect((error as CallError).status.code).to.equal(code);
      }
    });
  }

  it("takes memory for what has come, not for what was promised, and gives it back when it is closed", () => {
    const buffered = new BufferedBytes(megabyte);
    const { reader } = makeReader(buffered);
    reader.read(grpcMessage(Buffer.alloc(8 * megabyte)).subarray(0, 100));
    expect(buffered.take(900_000)).to.equal(true);
    buffered.give(900_000);
    reader.close();
    expect(buffered.take(megabyte)).to.equal(true);
  });

  it("refuses what all messages together have no memory for", () => {
    const buffered = new BufferedBytes(100_000);
    const part = grpcMessage(Buffer.alloc(90_000)).subarray(0, 60_000);
    makeReader(buffered).reader.read(part);
    expect(() => makeReader(buffered).reader.read(part)).to.throw(CallError, "too many large requests at once");
  });
});
