import { connect, type Socket } from "node:net";
import { FrameReader } from "../../src/grpc/http2/frame-reader.ts";
import { FrameWriter } from "../../src/grpc/http2/frame-writer.ts";
import { clientPreface, type Frame, frameFlag, frameType } from "../../src/grpc/http2/frames.ts";
import { encodeHeaders } from "../../src/grpc/http2/hpack-encoder.ts";
import { until } from "./wait.ts";

/** A request's header block. */
export function requestBlock(path: string, more: readonly (readonly [string, string])[] = []): Buffer {
  return encodeHeaders([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "test"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...more,
  ]);
}

/** A gRPC message with its prefix. */
export function grpcMessage(bytes: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A client that sends whatever frames it likes over a socket, and keeps what it gets. */
export class Http2Peer {
  readonly frames: Frame[] = [];
  readonly writer = new FrameWriter();
  readonly socket: Socket;
  isClosed = false;

  constructor(path: string) {
    this.socket = connect(path);
    const reader = new FrameReader((frame) => this.frames.push({ ...frame, payload: Buffer.from(frame.payload) }));
    this.socket.on("data", (chunk: Buffer) => reader.read(chunk));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }

  /** What a client begins with. */
  greet(settings: readonly (readonly [number, number])[] = []): this {
    this.socket.write(clientPreface);
    this.writer.settings(settings);
    return this.send();
  }

  /** Sends what was written. */
  send(): this {
    for (const chunk of this.writer.take()) this.socket.write(chunk);
    return this;
  }

  /** Sends one frame. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): this {
    this.writer.frame(type, flags, streamId, payload);
    return this.send();
  }

  /** Sends HEADERS of a call. */
  call(streamId: number, path: string, more: readonly (readonly [string, string])[] = []): this {
    return this.frame(frameType.headers, frameFlag.endHeaders, streamId, requestBlock(path, more));
  }

  /** Sends DATA with one message. */
  message(streamId: number, bytes: Uint8Array, endStream = false): this {
    return this.frame(frameType.data, endStream ? frameFlag.endStream : 0, streamId, grpcMessage(bytes));
  }

  /** The first frame that matches, waited for. */
  async next(what: string, match: (frame: Frame) => boolean): Promise<Frame> {
    return await until(what, () => this.frames.find(match));
  }

  /** The code with which the server ends the connection. */
  async goaway(): Promise<number> {
    return (await this.next("GOAWAY", ({ type }) => type === frameType.goaway)).payload.readUInt32BE(4);
  }

  /** The code with which the server resets a stream. */
  async reset(streamId: number): Promise<number> {
    const frame = await this.next(
      "RST_STREAM",
      ({ type, streamId: id }) => type === frameType.rstStream && id === streamId,
    );
    return frame.payload.readUInt32BE(0);
  }

  /** Waits until the server has seen all that was sent before. */
  async settled(): Promise<void> {
    const mark = Buffer.alloc(8);
    mark.writeUInt32BE(Math.floor(Math.random() * 0xffff_ffff));
    mark.writeUInt32BE(this.frames.length, 4);
    this.frame(frameType.ping, 0, 0, mark);
    await this.next("the echo", ({ type, payload }) => type === frameType.ping && payload.equals(mark));
  }

  close(): void {
    this.socket.destroy();
  }
}
