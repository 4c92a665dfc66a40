import type { Socket } from "node:net";
import { ConnectionError, errorCode } from "./errors.ts";
import { SendWindow } from "./flow-control.ts";
import { FrameWriter } from "./frame-writer.ts";
import { defaultMaxFrameBytes, defaultWindowBytes, frameFlag, frameType } from "./frames.ts";
import { emptyTableUpdate } from "./hpack-encoder.ts";
import type { Http2Limits } from "./limits.ts";
import { PeerSettings } from "./peer-settings.ts";
import type { Stream } from "./stream.ts";

/**
 * What one connection sends. Frames are collected and written once per turn of the event loop; bodies wait for the peer's windows
 * and for the socket, streams taking turns.
 */
export class Sender {
  readonly #writer = new FrameWriter();
  readonly peer = new PeerSettings();
  readonly window = new SendWindow(defaultWindowBytes);
  readonly #socket: Socket;
  readonly #limits: Http2Limits;
  /** The last word of this stream has been written. */
  readonly #sentAll: (stream: Stream) => void;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Set<Stream>();
  #queuedBytes = 0;
  #scheduled = false;

  constructor(
    socket: Socket,
    limits: Http2Limits,
    sentAll: (stream: Stream) => void,
    onError: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#sentAll = sentAll;
    this.#onError = onError;
    socket.on("drain", () => this.touch());
  }

  /** Something was written, or waits: it is sent at the end of this turn. */
  touch(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    try {
      this.flush();
    } catch (error) {
      this.#onError(error);
    }
  };

  settings(values: Parameters<FrameWriter["settings"]>[0]): void {
    this.#writer.settings(values);
    this.touch();
  }

  acknowledgeSettings(): void {
    this.#writer.head(0, frameType.settings, frameFlag.ack, 0);
    this.touch();
  }

  /** The answer to a PING. */
  pong(payload: Buffer): void {
    this.#writer.frame(frameType.ping, frameFlag.ack, 0, payload);
    this.touch();
  }

  /** Stream 0 is the connection. */
  windowUpdate(streamId: number, increment: number): void {
    this.#writer.windowUpdate(streamId, increment);
    this.touch();
  }

  rstStream(streamId: number, code: number): void {
    this.#writer.rstStream(streamId, code);
    this.touch();
  }

  goaway(lastStreamId: number, code: number): void {
    this.#writer.goaway(lastStreamId, code);
    this.touch();
  }

  headers(stream: Stream, block: Buffer, endStream: boolean): void {
    const flags = frameFlag.endHeaders | (endStream ? frameFlag.endStream : 0);
    const update = this.peer.tableSizeNamed ? emptyTableUpdate.length : 0;
    this.#writer.head(block.length + update, frameType.headers, flags, stream.id);
    if (update > 0) this.#writer.bytes(emptyTableUpdate);
    this.peer.tableSizeNamed = false;
    this.#writer.bytes(block);
    this.touch();
  }

  data(stream: Stream, parts: readonly Uint8Array[]): void {
    let length = 0;
    for (const part of parts) length += part.length;
    const most = Math.min(defaultMaxFrameBytes, this.window.bytes, stream.sendWindow.bytes);
    if (length <= most && stream.queuedBytes === 0 && this.#mayWrite()) {
      this.#take(stream, length);
      this.#writer.head(length, frameType.data, 0, stream.id);
      for (const part of parts) this.#writer.bytes(part);
      this.touch();
      return;
    }
    for (const part of parts) if (part.length > 0) stream.queue.push(part);
    stream.queuedBytes += length;
    this.#queuedBytes += length;
    if (this.#queuedBytes > this.#limits.maxQueuedBytes)
      throw new ConnectionError(errorCode.enhanceYourCalm, "the peer takes too little of what is sent to it");
    this.#waiting.add(stream);
    this.touch();
  }

  /** Ends our side, after what waits. */
  trailers(stream: Stream, block: Buffer): void {
    if (stream.queuedBytes > 0) {
      stream.queuedTrailers = block;
      return;
    }
    this.headers(stream, block, true);
    this.#sentAll(stream);
  }

  /** What waits of this stream will never be sent. */
  drop(stream: Stream): void {
    if (!this.#waiting.delete(stream)) return;
    this.#queuedBytes -= stream.queuedBytes;
  }

  flush(): void {
    if (this.#waiting.size > 0) this.#sendWaiting();
    if (this.#writer.pendingBytes === 0) return;
    const chunks = this.#writer.take();
    if (!this.#socket.writable) return;
    if (this.#socket.writableLength > this.#limits.maxSocketBytes * 4) {
      this.#socket.destroy(new Error("the peer does not read what it asks for"));
      return;
    }
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    if (chunks.length > 1) this.#socket.uncork();
  }

  #mayWrite(): boolean {
    return this.#writer.pendingBytes + this.#socket.writableLength < this.#limits.maxSocketBytes;
  }

  #take(stream: Stream, bytes: number): void {
    this.window.take(bytes);
    stream.sendWindow.take(bytes);
  }

  /** A frame for each stream in turn, until nothing more may be sent. */
  #sendWaiting(): void {
    let moved = true;
    while (moved) {
      moved = false;
      for (const stream of this.#waiting) {
        if (!this.#mayWrite() || this.window.bytes <= 0) return;
        if (stream.sendWindow.bytes <= 0) continue;
        this.#sendQueued(stream);
        moved = true;
      }
    }
  }

  #sendQueued(stream: Stream): void {
    const length = Math.min(defaultMaxFrameBytes, this.window.bytes, stream.sendWindow.bytes, stream.queuedBytes);
    this.#take(stream, length);
    this.#writer.head(length, frameType.data, 0, stream.id);
    stream.queuedBytes -= length;
    this.#queuedBytes -= length;
    let left = length;
    let used = 0;
    for (const part of stream.queue) {
      if (left === 0) break;
      if (part.length > left) {
        this.#writer.bytes(part.subarray(0, left));
        stream.queue[used] = part.subarray(left);
        break;
      }
      this.#writer.bytes(part);
      left -= part.length;
      used++;
    }
    stream.queue.splice(0, used);
    if (stream.queuedBytes > 0) return;
    this.#waiting.delete(stream);
    if (stream.queuedTrailers === undefined) return;
    this.headers(stream, stream.queuedTrailers, true);
    this.#sentAll(stream);
  }
}
