import { expect } from "chai";
import fc from "fast-check";
import { ConnectionError, errorCode } from "../../../src/grpc/http2/errors.ts";
import { FrameReader } from "../../../src/grpc/http2/frame-reader.ts";
import { FrameWriter } from "../../../src/grpc/http2/frame-writer.ts";
import type { Frame } from "../../../src/grpc/http2/frames.ts";

const anyFrame = fc.record({
  type: fc.nat(255),
  flags: fc.nat(255),
  streamId: fc.nat(0x7fff_ffff),
  payload: fc
    .oneof(fc.nat(40), fc.nat(16_384))
    .chain((length) => fc.nat(255).map((fill): Buffer => Buffer.alloc(length, fill))),
});

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  return sorted.slice(1).map((to, index) => bytes.subarray(sorted[index], to));
}

describe("FrameReader", () => {
  it("property: reads what the writer wrote, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (frames, places) => {
        const writer = new FrameWriter();
        for (const { type, flags, streamId, payload } of frames) writer.frame(type, flags, streamId, payload);
        const read: Frame[] = [];
        const reader = new FrameReader((frame) => read.push({ ...frame, payload: Buffer.from(frame.payload) }));
        for (const piece of cut(Buffer.concat(writer.take()), places)) reader.read(piece);
        expect(read).to.deep.equal(frames);
      }),
    );
  });

  it("reads byte by byte", () => {
    const writer = new FrameWriter();
    writer.windowUpdate(7, 100);
    writer.settings([]);
    writer.goaway(3, 2);
    const read: Frame[] = [];
    const reader = new FrameReader((frame) => read.push(frame));
    for (const byte of Buffer.concat(writer.take())) reader.read(Buffer.from([byte]));
    expect(read.map(({ type, streamId, payload }) => [type, streamId, payload.toString("hex")])).to.deep.equal([
      [8, 7, "00000064"],
      [4, 0, ""],
      [7, 0, "0000000300000002"],
    ]);
  });

  it("refuses a frame that is too large by its head alone", () => {
    const reader = new FrameReader(() => undefined);
    expect(() => reader.read(Buffer.from([0x00, 0x40, 0x01, 0, 0, 0, 0, 0, 1])))
      .to.throw(ConnectionError)
      .with.property("code", errorCode.frameSize);
  });
});

describe("FrameWriter", () => {
  it("never changes what it has handed over", () => {
    const writer = new FrameWriter();
    const taken: { readonly chunk: Buffer; readonly copy: Buffer }[] = [];
    for (let round = 0; round < 200; round++) {
      writer.frame(0, 0, round, Buffer.alloc((round * 37) % 5_000, round));
      for (const chunk of writer.take()) taken.push({ chunk, copy: Buffer.from(chunk) });
      expect(writer.pendingBytes).to.equal(0);
    }
    for (const { chunk, copy } of taken) expect(chunk.equals(copy)).to.equal(true);
  });
});
