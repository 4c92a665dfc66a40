import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { expect } from "chai";
import fc from "fast-check";
import { errorCode } from "../../../src/grpc/http2/errors.ts";
import { clientPreface, type Frame, frameFlag, frameType, settingId } from "../../../src/grpc/http2/frames.ts";
import { encodeHeaders } from "../../../src/grpc/http2/hpack-encoder.ts";
import type { Http2Limits } from "../../../src/grpc/http2/limits.ts";
import { type Http2Peer, requestBlock } from "../../support/http2-peer.ts";
import { until } from "../../support/wait.ts";
import { ServedConnections } from "./served-connections.ts";

const { data, headers, ping, priority, rstStream, settings, windowUpdate, continuation, pushPromise } = frameType;
const { endStream, endHeaders, padded } = frameFlag;

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

describe("Connection", () => {
  let served: ServedConnections;

  async function serve(limits: Partial<Http2Limits> = {}): Promise<Http2Peer> {
    served = new ServedConnections(limits);
    await served.start();
    return served.peer().greet();
  }
  afterEach(() => served.close());

  const bodyOf = (peer: Http2Peer, streamId: number): number =>
    peer.frames
      .filter((frame) => frame.type === data && frame.streamId === streamId)
      .reduce((sum, { payload }) => sum + payload.length, 0);

  const isEnd =
    (streamId: number) =>
    (frame: Frame): boolean =>
      frame.streamId === streamId && frame.type === headers && (frame.flags & endStream) !== 0;

  async function answered(peer: Http2Peer, streamId: number): Promise<void> {
    await peer.next(`the answer on stream ${streamId}`, isEnd(streamId));
  }

  describe("with a client that keeps the rules", () => {
    it("answers a request, cut into single bytes", async () => {
      const peer = await serve();
      await peer.settled();
      peer.writer.frame(headers, endHeaders, 1, requestBlock("/a/B"));
      peer.writer.frame(data, endStream, 1, Buffer.from("hello"));
      for (const byte of Buffer.concat(peer.writer.take())) {
        peer.socket.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      await answered(peer, 1);
      expect(served.taken[0]?.head).to.deep.include({ method: "POST", path: "/a/B" });
      expect(served.taken[0]?.bytes).to.equal(5);
    });

    it("answers Node's client, whatever bytes its headers hold", async () => {
      await serve();
      const session = connectHttp2("http://test", {
        createConnection: () => served.peer().socket,
      });
      const value = Array.from({ length: 224 }, (_, index) => String.fromCharCode(index + 32))
        .filter((character) => character !== "\x7f")
        .join("")
        .trim();
      const request = session.request({ ":method": "POST", ":path": "/a/B", "x-all": value });
      request.end(Buffer.alloc(100_000));
      const [head] = (await once(request, "response")) as [Record<string, unknown>];
      expect(head[":status"]).to.equal(200);
      request.resume();
      await once(request, "end");
      session.destroy();
      expect(served.taken[0]?.bytes).to.equal(100_000);
      expect(served.taken[0]?.head.headers.find(({ name }) => name === "x-all")?.value).to.equal(value);
    });

    it("takes padding, priorities, unknown frames and trailers", async () => {
      const peer = await serve();
      const block = requestBlock("/a/B");
      peer.frame(0xbb, 0xff, 3, Buffer.alloc(10));
      const withPriority = Buffer.concat([Buffer.from([2]), uint32(0), Buffer.from([15]), block, Buffer.alloc(2)]);
      peer.frame(headers, endHeaders | padded | frameFlag.priority, 1, withPriority);
      peer.frame(data, padded, 1, Buffer.from([3, 65, 66, 0, 0, 0]));
      peer.frame(headers, endHeaders | endStream, 1, encodeHeaders([["x-last", "1"]]));
      await answered(peer, 1);
      expect(served.taken[0]?.bytes).to.equal(2);
    });

    it("joins CONTINUATION frames", async () => {
      const peer = await serve();
      const block = requestBlock("/a/B");
      peer.frame(headers, endStream, 1, block.subarray(0, 5));
      peer.frame(continuation, 0, 1, block.subarray(5, 9));
      peer.frame(continuation, endHeaders, 1, block.subarray(9));
      await answered(peer, 1);
    });

    it("sends a body within the windows of stream and connection, and the rest when they grow", async () => {
      const peer = await serve();
      served.answer = 100_000;
      peer.frame(settings, 0, 0, Buffer.concat([Buffer.from([0, settingId.initialWindowSize]), uint32(1_000)]));
      peer.frame(headers, endHeaders | endStream, 1, requestBlock("/a/B"));
      await peer.settled();
      await until("the first bytes", () => bodyOf(peer, 1) === 1_000);
      peer.frame(windowUpdate, 0, 1, uint32(5));
      await until("five more", () => bodyOf(peer, 1) === 1_005);
      // settings give to open streams too
      peer.frame(settings, 0, 0, Buffer.concat([Buffer.from([0, settingId.initialWindowSize]), uint32(500_000)]));
      await until("all that the connection allows", () => bodyOf(peer, 1) === 65_535);
      await peer.settled();
      expect(bodyOf(peer, 1)).to.equal(65_535);
      peer.frame(windowUpdate, 0, 0, uint32(500_000));
      await answered(peer, 1);
      expect(bodyOf(peer, 1)).to.equal(100_000);
    });

    it("streams take turns", async () => {
      const peer = await serve();
      served.answer = 60_000;
      for (const id of [1, 3]) peer.frame(headers, endHeaders | endStream, id, requestBlock("/a/B"));
      await until("the connection's window", () => bodyOf(peer, 1) + bodyOf(peer, 3) === 65_535);
      expect(bodyOf(peer, 1)).to.be.within(30_000, 35_000);
    });

    it("gives windows back only for what was credited", async () => {
      const peer = await serve({ streamWindowBytes: 1_000 });
      served.credits = false;
      peer.frame(headers, endHeaders, 1, requestBlock("/a/B"));
      peer.frame(data, 0, 1, Buffer.alloc(800));
      await peer.settled();
      const updates = (): number[] =>
        peer.frames
          .filter(({ type, streamId }) => type === windowUpdate && streamId === 1)
          .map(({ payload }) => payload.readUInt32BE(0));
      expect(updates()).to.deep.equal([]);
      served.taken[0]?.stream.credit(800);
      await until("the update", () => updates().length === 1);
      expect(updates()).to.deep.equal([800]);
    });

    it("resets a stream that is answered before its end with NO_ERROR, and ignores what was on its way", async () => {
      const peer = await serve();
      peer.frame(headers, endHeaders, 1, requestBlock("/a/B"));
      await until("the request", () => served.taken.length === 1);
      served.taken[0]?.stream.trailers(encodeHeaders([[":status", "400"]]));
      expect(await peer.reset(1)).to.equal(errorCode.none);
      peer.frame(data, 0, 1, Buffer.alloc(100));
      peer.frame(headers, endHeaders | endStream, 1, encodeHeaders([["x-last", "1"]]));
      peer.frame(headers, endHeaders | endStream, 3, requestBlock("/a/B"));
      await answered(peer, 3);
      expect(served.errors).to.deep.equal([]);
    });

    it("tells of a smaller table before it encodes again", async () => {
      const peer = await serve();
      peer.frame(settings, 0, 0, Buffer.concat([Buffer.from([0, settingId.headerTableSize]), uint32(0)]));
      peer.frame(headers, endHeaders | endStream, 1, requestBlock("/a/B"));
      await answered(peer, 1);
      const blocks = peer.frames.filter(({ type }) => type === headers).map(({ payload }) => payload[0]);
      expect(blocks).to.deep.equal([0x20, 0x00]);
    });

    it("drains: serves what is on its way, refuses what comes later, and closes", async () => {
      const peer = await serve();
      peer.frame(headers, endHeaders, 1, requestBlock("/a/B"));
      await peer.settled();
      served.connection?.drain();
      await peer.goaway();
      peer.frame(headers, endHeaders, 3, requestBlock("/a/B"));
      const lasts = (): number[] =>
        peer.frames.filter(({ type }) => type === frameType.goaway).map(({ payload }) => payload.readUInt32BE(0));
      await until("the second GOAWAY", () => lasts().length === 2);
      expect(lasts()).to.deep.equal([0x7fff_ffff, 3]);
      peer.frame(headers, endHeaders, 5, requestBlock("/a/B"));
      expect(await peer.reset(5)).to.equal(errorCode.refusedStream);
      for (const id of [1, 3]) peer.frame(data, endStream, id);
      await answered(peer, 3);
      await until("the end", () => peer.isClosed);
    });

    it("says once to each request that the connection is lost", async () => {
      const peer = await serve();
      for (const id of [1, 3]) peer.frame(headers, endHeaders, id, requestBlock("/a/B"));
      await peer.settled();
      peer.close();
      await until("the ends", () => served.taken.every(({ events }) => events.length > 0));
      expect(served.taken.map(({ events }) => events)).to.deep.equal([["cancelled"], ["cancelled"]]);
      expect(served.errors).to.deep.equal([]);
    });
  });

  describe("limits", () => {
    it("100,000 requests that are each reset at their end are no offence", async function () {
      this.timeout(60_000);
      const peer = await serve();
      const count = 100_000;
      for (let index = 0; index < count; index++) {
        const id = index * 2 + 1;
        peer.writer.frame(headers, endHeaders, id, requestBlock("/a/B"));
        peer.writer.frame(data, 0, id, Buffer.alloc(20));
        peer.writer.rstStream(id, errorCode.none);
        if (index % 1_000 === 0) await peer.send().settled();
      }
      await peer.send().settled();
      expect(served.taken).to.have.length(count);
      expect(peer.frames.some(({ type }) => type === frameType.goaway)).to.equal(false);
      expect(served.taken.every(({ events }) => events.join() === "cancelled")).to.equal(true);
    });

    it("requests that are reset before they say anything are counted", async () => {
      const peer = await serve({ emptyResets: 10, emptyResetsPerSecond: 10 });
      let id = 1;
      const hasty = (): void => {
        peer.writer.frame(headers, endHeaders, id, requestBlock("/a/B"));
        peer.writer.rstStream(id, errorCode.cancel);
        id += 2;
      };
      for (let count = 0; count < 10; count++) hasty();
      await peer.send().settled();
      served.nowMs += 500;
      for (let count = 0; count < 5; count++) hasty();
      await peer.send().settled();
      hasty();
      peer.send();
      expect(await peer.goaway()).to.equal(errorCode.enhanceYourCalm);
    });

    it("a request counts until its work is over, even after it was reset", async () => {
      const peer = await serve({ maxStreams: 2 });
      served.ends = false;
      for (const id of [1, 3]) {
        peer.frame(headers, endHeaders, id, requestBlock("/a/B"));
        peer.frame(data, 0, id, Buffer.alloc(20));
        peer.frame(rstStream, 0, id, uint32(errorCode.cancel));
      }
      peer.frame(headers, endHeaders, 5, requestBlock("/a/B"));
      expect(await peer.reset(5)).to.equal(errorCode.refusedStream);
      served.taken[0]?.stream.done();
      served.taken[0]?.stream.done();
      peer.frame(headers, endHeaders, 7, requestBlock("/a/B"));
      peer.frame(headers, endHeaders, 9, requestBlock("/a/B"));
      expect(await peer.reset(9)).to.equal(errorCode.refusedStream);
      expect(served.taken).to.have.length(3);
    });

    const floods: Readonly<Record<string, (peer: Http2Peer) => void>> = {
      PING: (peer) => peer.writer.frame(ping, 0, 0, Buffer.alloc(8)),
      SETTINGS: (peer) => peer.writer.settings([]),
      "SETTINGS acknowledgements": (peer) => peer.writer.frame(settings, frameFlag.ack, 0, Buffer.alloc(0)),
      PRIORITY: (peer) => peer.writer.frame(priority, 0, 3, Buffer.alloc(5)),
      "small WINDOW_UPDATE": (peer) => peer.writer.windowUpdate(0, 1),
      "unknown frames": (peer) => peer.writer.frame(0xee, 0, 0, Buffer.alloc(0)),
      GOAWAY: (peer) => peer.writer.goaway(0, 0),
      "RST_STREAM of closed streams": (peer) => peer.writer.rstStream(1, errorCode.cancel),
      "empty DATA": (peer) => peer.writer.frame(data, 0, 3, Buffer.alloc(0)),
      "tiny DATA": (peer) => peer.writer.frame(data, 0, 3, Buffer.alloc(1)),
      "DATA on closed streams": (peer) => peer.writer.frame(data, 0, 1, Buffer.alloc(1)),
    };
    for (const [name, write] of Object.entries(floods)) {
      it(`a flood of ${name} ends the connection, and a thousand of them do not`, async () => {
        const peer = await serve();
        peer.frame(headers, endHeaders | endStream, 1, requestBlock("/a/B"));
        await answered(peer, 1);
        peer.frame(headers, endHeaders, 3, requestBlock("/a/B"));
        for (let count = 0; count < 1_000; count++) write(peer);
        await peer.send().settled();
        for (let count = 0; count < 20_000; count++) write(peer);
        peer.send();
        expect(await peer.goaway()).to.equal(errorCode.enhanceYourCalm);
      });
    }

    it("a header block in too many parts, or too long, ends the connection", async () => {
      const many = await serve();
      many.frame(headers, 0, 1, requestBlock("/a/B"));
      for (let count = 0; count < 20; count++) many.frame(continuation, 0, 1);
      expect(await many.goaway()).to.equal(errorCode.enhanceYourCalm);
      const long = served.peer().greet();
      long.frame(headers, 0, 1, requestBlock("/a/B"));
      for (let count = 0; count < 5; count++) long.frame(continuation, 0, 1, Buffer.alloc(16_384, 0x82));
      expect(await long.goaway()).to.equal(errorCode.enhanceYourCalm);
    });

    it("a header list that is larger than allowed resets its stream, and the table stays right", async () => {
      const peer = await serve();
      // one entry of 2,000 bytes, named 50 times
      const bomb = Buffer.concat([
        Buffer.from([0x40, 0x01, 0x61, 0x7f, 0xd1, 0x0e]),
        Buffer.alloc(2_000, "a"),
        Buffer.alloc(50, 0xbe),
      ]);
      peer.frame(headers, endHeaders, 1, Buffer.concat([requestBlock("/a/B"), bomb]));
      expect(await peer.reset(1)).to.equal(errorCode.enhanceYourCalm);
      peer.frame(headers, endHeaders | endStream, 3, Buffer.concat([requestBlock("/a/B"), Buffer.from([0xbe])]));
      await answered(peer, 3);
      expect(served.taken[0]?.head.headers.at(-1)?.value).to.equal("a".repeat(2_000));
    });

    it("more than the windows allow resets the stream, or ends the connection", async () => {
      const peer = await serve({ streamWindowBytes: 1_000 });
      served.credits = false;
      peer.frame(headers, endHeaders, 1, requestBlock("/a/B"));
      peer.frame(data, 0, 1, Buffer.alloc(1_001));
      expect(await peer.reset(1)).to.equal(errorCode.flowControl);
      await until("the end", () => served.taken[0]?.events.length === 1);
      const greedy = served.peer().greet();
      greedy.frame(windowUpdate, 0, 0, uint32(0x7fff_ffff));
      expect(await greedy.goaway()).to.equal(errorCode.flowControl);
    });

    it("a stream whose answers nobody takes is reset, and only that one", async () => {
      const peer = await serve({ maxQueuedBytesOfStream: 100_000 });
      served.answer = 200_000;
      peer.frame(headers, endHeaders | endStream, 1, requestBlock("/a/B"));
      expect(await peer.reset(1)).to.equal(errorCode.enhanceYourCalm);
      served.answer = 10;
      peer.frame(headers, endHeaders | endStream, 3, requestBlock("/a/B"));
      await answered(peer, 3);
    });

    it("a peer that asks and never reads is cut off", async () => {
      const peer = await serve({ maxSocketBytes: 10_000, idleFrames: 1e9 });
      peer.socket.pause();
      for (let count = 0; count < 100 && !peer.isClosed; count++) {
        for (let one = 0; one < 1_000; one++) peer.writer.frame(ping, 0, 0, Buffer.alloc(8));
        peer.send();
        await new Promise(setImmediate);
      }
      peer.socket.resume();
      await until("the end", () => peer.isClosed);
    });

    it("a peer that says nothing is cut off, one that greeted is not", async () => {
      const peer = await serve({ prefaceMs: 100 });
      const silent = served.peer();
      await until("the end", () => silent.isClosed);
      await peer.settled();
    });
  });

  describe("with a client that breaks the rules", () => {
    const offences: Readonly<Record<string, readonly [code: number, ...Parameters<Http2Peer["frame"]>[]]>> = {
      "DATA on a stream that nobody opened": [errorCode.protocol, [data, 0, 1]],
      "an even stream": [errorCode.protocol, [headers, endHeaders, 2, requestBlock("/a/B")]],
      PUSH_PROMISE: [errorCode.protocol, [pushPromise, endHeaders, 1, Buffer.alloc(8)]],
      "CONTINUATION of nothing": [errorCode.protocol, [continuation, endHeaders, 1, Buffer.alloc(1)]],
      "something between HEADERS and CONTINUATION": [
        errorCode.protocol,
        [headers, 0, 1, requestBlock("/a/B")],
        [ping, 0, 0, Buffer.alloc(8)],
      ],
      "padding as long as its frame": [
        errorCode.protocol,
        [headers, endHeaders, 1, requestBlock("/a/B")],
        [data, padded, 1, Buffer.from([1])],
      ],
      "a header block that cannot be decoded": [errorCode.compression, [headers, endHeaders, 1, Buffer.from([0x80])]],
      "SETTINGS of seven bytes": [errorCode.frameSize, [settings, 0, 0, Buffer.alloc(7)]],
      "PING of nine bytes": [errorCode.frameSize, [ping, 0, 0, Buffer.alloc(9)]],
      "WINDOW_UPDATE of nothing": [errorCode.protocol, [windowUpdate, 0, 0, uint32(0)]],
    };
    for (const [name, [code, ...frames]] of Object.entries(offences)) {
      it(`${name} ends the connection`, async () => {
        const peer = await serve();
        for (const frame of frames) peer.frame(...frame);
        expect(await peer.goaway()).to.equal(code);
        await until("the end", () => peer.isClosed);
      });
    }

    it("another protocol is sent away at once", async () => {
      await serve();
      const peer = served.peer();
      peer.socket.write("GET / HTTP/1.1\r\n\r\n");
      expect(await peer.goaway()).to.equal(errorCode.protocol);
      await until("the end", () => peer.isClosed);
    });

    const malformed: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
      "an upper-case name": [["X-A", "1"]],
      "a field of the connection": [["connection", "close"]],
      "te that is not trailers": [["te", "gzip"]],
      "a pseudo-header behind a field": [[":authority", "b"]],
      "an unknown pseudo-header": [[":weather", "rain"]],
      "a value with a line end": [["x-a", "1\r\nx-b: 2"]],
      "two lengths": [
        ["content-length", "1"],
        ["content-length", "1"],
      ],
    };
    for (const [name, fields] of Object.entries(malformed)) {
      it(`${name} resets the stream`, async () => {
        const peer = await serve();
        peer.frame(headers, endHeaders | endStream, 1, requestBlock("/a/B", fields));
        expect(await peer.reset(1)).to.equal(errorCode.protocol);
        expect(served.taken).to.have.length(0);
        peer.frame(headers, endHeaders | endStream, 3, requestBlock("/a/B"));
        await answered(peer, 3);
      });
    }

    it("property: random frames and bytes end in an answer or the end of the connection, and never in anything else", async function () {
      this.timeout(60_000);
      await serve();
      const anyFrame = fc.record({
        type: fc.nat(11),
        flags: fc.nat(63),
        streamId: fc.constantFrom(0, 1, 1, 3, 5, 2),
        payload: fc.oneof(
          fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
          fc.constant(requestBlock("/a/B")),
          fc.constant(uint32(9)),
        ),
      });
      const random = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
      await fc.assert(
        fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), random, async (frames, bytes) => {
          const peer = served.peer().greet();
          for (const { type, flags, streamId, payload } of frames) peer.writer.frame(type, flags, streamId, payload);
          peer.send();
          peer.socket.end(bytes);
          await until("the end", () => peer.isClosed);
        }),
        { numRuns: 200 },
      );
      for (const error of served.errors) expect(error).to.match(/^ConnectionError: /);
      for (const { events } of served.taken) expect(["end", "cancelled", "end,cancelled"]).to.include(events.join());
      const peer = served.peer();
      peer.socket.write(clientPreface);
      peer.frame(settings, 0, 0).frame(headers, endHeaders | endStream, 1, requestBlock("/a/B"));
      await answered(peer, 1);
    });
  });
});
