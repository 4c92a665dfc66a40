import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Frame, frameFlag, frameType } from "../../src/grpc/http2/frames.ts";
import { HpackDecoder } from "../../src/grpc/http2/hpack-decoder.ts";
import { encodeHeaders } from "../../src/grpc/http2/hpack-encoder.ts";
import { Http2Server } from "../../src/grpc/http2-server.ts";
import type { EndReason, Listening } from "../../src/grpc/server.ts";
import { grpcMessage, Http2Peer, requestBlock } from "../support/http2-peer.ts";
import { until } from "../support/wait.ts";
import { grpcServerContract } from "./grpc-server.contract.ts";

grpcServerContract("Http2Server", (options) => new Http2Server(options));

const { data, headers } = frameType;
const { endStream, endHeaders } = frameFlag;
const bytes = (message: Uint8Array): Buffer => Buffer.from(message);
const codec = { decode: bytes, encode: bytes };

describe("Http2Server", () => {
  let folder: string;
  let listening: Listening;
  let peer: Http2Peer;
  let ends: EndReason[];
  let handled: number;
  let release: (() => void)[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-grpc-"));
    ends = [];
    handled = 0;
    release = [];
    const server = new Http2Server({ maxMessageBytes: 1_048_576, onError: () => undefined });
    listening = await server.serve(`unix:${join(folder, "grpc.sock")}`, [
      { kind: "unary", path: "/test/Echo", codec, handle: async (message: Buffer) => message },
      { kind: "unary", path: "/test/Never", codec, handle: () => new Promise(() => undefined) },
      {
        kind: "duplex",
        path: "/test/Exchange",
        codec,
        open: (answers) => ({
          message: (message: Buffer) => answers.send(message),
          ended: (reason) => void ends.push(reason),
        }),
      },
      {
        kind: "duplex",
        path: "/test/Slow",
        codec,
        open: () => ({
          message: () => {
            handled++;
            return new Promise<void>((resolve) => release.push(resolve));
          },
          ended: (reason) => void ends.push(reason),
        }),
      },
    ]);
    peer = new Http2Peer(join(folder, "grpc.sock")).greet();
  });
  afterEach(async () => {
    peer.close();
    await listening.close(0);
    rmSync(folder, { recursive: true, force: true });
  });

  /** The fields that end a stream. */
  async function trailers(streamId: number): Promise<Record<string, string>> {
    const { payload } = await peer.next(
      "the trailers",
      (frame: Frame) => frame.streamId === streamId && frame.type === headers && (frame.flags & endStream) !== 0,
    );
    const fields: Record<string, string> = {};
    new HpackDecoder().decode(payload, ({ name, value }) => {
      fields[name] = value;
    });
    return fields;
  }

  it("a stream that the peer resets was cancelled, one that it ends was not", async () => {
    peer.call(1, "/test/Exchange").message(1, Buffer.from("a"));
    peer.frame(frameType.rstStream, 0, 1, Buffer.alloc(4));
    await until("the end", () => ends.length === 1);
    peer.call(3, "/test/Exchange").message(3, Buffer.from("a"), true);
    expect(await trailers(3)).to.deep.equal({ "grpc-status": "0" });
    expect(ends).to.deep.equal(["cancelled", "end"]);
  });

  it("refuses compressed messages with UNIMPLEMENTED, and says what it reads", async () => {
    peer.call(1, "/test/Echo", [["grpc-encoding", "gzip"]]);
    peer.frame(data, endStream, 1, grpcMessage(Buffer.from("x"), 1));
    expect(await trailers(1)).to.deep.equal({
      ":status": "200",
      "content-type": "application/grpc",
      "grpc-status": "12",
      "grpc-message": "compressed messages are not read",
      "grpc-accept-encoding": "identity",
    });
  });

  it("a call ends at the peer's time-out, with DEADLINE_EXCEEDED", async () => {
    peer.call(1, "/test/Never", [["grpc-timeout", "30m"]]).message(1, Buffer.from("x"), true);
    expect(await trailers(1)).to.include({ "grpc-status": "4" });
  });

  it("a request that ends inside a message is INTERNAL", async () => {
    peer.call(1, "/test/Exchange").frame(data, endStream, 1, grpcMessage(Buffer.alloc(9)).subarray(0, 8));
    expect(await trailers(1)).to.include({ "grpc-status": "13" });
    expect(ends).to.deep.equal(["cancelled"]);
  });

  it("a unary call with no request, or with two, is UNIMPLEMENTED", async () => {
    peer.call(1, "/test/Echo").frame(data, endStream, 1);
    expect(await trailers(1)).to.include({ "grpc-status": "12" });
    peer.call(3, "/test/Echo").message(3, Buffer.from("a")).message(3, Buffer.from("b"), true);
    expect(await trailers(3)).to.include({ "grpc-status": "12" });
  });

  it("whoever speaks no gRPC is told so in HTTP", async () => {
    peer.frame(
      headers,
      endHeaders | endStream,
      1,
      encodeHeaders([
        [":method", "GET"],
        [":scheme", "http"],
        [":path", "/"],
      ]),
    );
    expect(await trailers(1)).to.deep.equal({ ":status": "405" });
    const block = encodeHeaders([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/test/Echo"],
      ["content-type", "application/json"],
    ]);
    peer.frame(headers, endHeaders | endStream, 3, block);
    expect(await trailers(3)).to.deep.equal({ ":status": "415" });
  });

  it("lets a peer that sends faster than its messages are handled wait", async () => {
    peer.call(1, "/test/Slow");
    let sent = 0;
    const piece = grpcMessage(Buffer.alloc(16_000));
    const granted = (): number =>
      peer.frames
        .filter(({ type, streamId }) => type === frameType.windowUpdate && streamId === 1)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 1_048_576);
    // all that the window allows
    while (sent + piece.length <= 1_048_576) {
      peer.frame(data, 0, 1, piece);
      sent += piece.length;
    }
    await peer.settled();
    expect(handled).to.equal(1);
    expect(granted()).to.equal(1_048_576);
    for (let count = 1; granted() === 1_048_576; count++) {
      await until("the message", () => handled === count);
      release[count - 1]?.();
      await peer.settled();
    }
    expect(handled).to.be.above(40);
  });

  it("an answer after the end of its call is nothing", async () => {
    peer.call(1, "/test/Slow").message(1, Buffer.from("a"));
    await until("the message", () => handled === 1);
    peer.frame(frameType.rstStream, 0, 1, Buffer.alloc(4));
    await peer.settled();
    release[0]?.();
    await until("the end", () => ends.length === 1);
    await peer.settled();
    expect(peer.frames.some(({ type, streamId }) => streamId === 1 && type === data)).to.equal(false);
  });

  it("writes the answers to many requests at once", async () => {
    let reads = 0;
    peer.socket.on("data", () => reads++);
    await peer.settled();
    reads = 0;
    for (let id = 1; id < 200; id += 2) {
      peer.writer.frame(headers, endHeaders, id, requestBlock("/test/Echo"));
      peer.writer.frame(data, endStream, id, grpcMessage(Buffer.from("x")));
    }
    peer.send();
    expect(await trailers(199)).to.deep.equal({ "grpc-status": "0" });
    expect(reads).to.be.below(10);
  });
});
