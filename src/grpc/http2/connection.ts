import type { Socket } from "node:net";
import { Allowance } from "./allowance.ts";
import { checkFrame } from "./check-frame.ts";
import { ClosedStreams } from "./closed-streams.ts";
import { ConnectionError, errorCode, StreamError } from "./errors.ts";
import { ReceiveWindow } from "./flow-control.ts";
import { FrameReader } from "./frame-reader.ts";
import {
  clientPreface,
  defaultWindowBytes,
  type Frame,
  frameFlag,
  frameType,
  largestWindowBytes,
  settingId,
} from "./frames.ts";
import { dependsOnItself, type HeaderBlock, HeaderBlocks, withoutPadding } from "./header-blocks.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import type { Http2Limits } from "./limits.ts";
import { areTrailers, readRequestHead } from "./request-head.ts";
import { Sender } from "./sender.ts";
import { type Accept, Stream, type StreamOwner } from "./stream.ts";

/** DATA frames of fewer bytes that complete nothing are idle. */
const tinyBytes = 64;

/** WINDOW_UPDATE frames for fewer bytes are idle. */
const smallUpdateBytes = 4_096;

/** How long a connection that was ended may take to be closed by the peer. */
const lingerMs = 1_000;

/** How long a peer may take to see that no more requests are taken before later ones are refused. */
const goawayMs = 100;

export interface ConnectionOptions {
  readonly limits: Http2Limits;
  readonly accept: Accept;
  readonly nowMs: () => number;
  /** What ended a connection, and is not just its end. */
  readonly onError: (error: unknown) => void;
}

/** The server's side of one HTTP/2 connection with prior knowledge (RFC 9113). */
export class Connection implements StreamOwner {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader = new FrameReader((frame) => this.#frame(frame));
  readonly #decoder = new HpackDecoder();
  readonly #blocks: HeaderBlocks;
  readonly #sender: Sender;
  readonly #window: ReceiveWindow;
  readonly #streams = new Map<number, Stream>();
  readonly #closed = new ClosedStreams();
  readonly #idle: Allowance;
  readonly #emptyResets: Allowance;
  readonly #prefaceTimer: NodeJS.Timeout;
  #prefaceLeft = clientPreface.length;
  #sawSettings = false;
  #lastStreamId = 0;
  /** Streams that are open, or whose work goes on. */
  #working = 0;
  /** Later streams are refused; undefined = none is. */
  #lastServedId: number | undefined;
  #isDraining = false;
  #isOver = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    const { limits, nowMs } = options;
    this.#socket = socket;
    this.#options = options;
    this.#blocks = new HeaderBlocks(limits);
    this.#window = new ReceiveWindow(limits.connectionWindowBytes);
    this.#idle = new Allowance(limits.idleFrames, limits.idleFramesPerSecond, nowMs);
    this.#emptyResets = new Allowance(limits.emptyResets, limits.emptyResetsPerSecond, nowMs);
    this.#sender = new Sender(
      socket,
      limits,
      (stream) => this.#sentAll(stream),
      (error) => this.#fail(error),
    );
    this.#prefaceTimer = setTimeout(() => socket.destroy(), limits.prefaceMs);
    this.#sender.writer.settings([
      [settingId.maxConcurrentStreams, limits.maxStreams],
      [settingId.initialWindowSize, limits.streamWindowBytes],
      [settingId.maxHeaderListSize, limits.maxHeaderListBytes],
    ]);
    this.#sender.writer.windowUpdate(0, limits.connectionWindowBytes - defaultWindowBytes);
    this.#sender.touch();
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => this.#abandon());
    socket.on("close", () => this.#abandon());
    // whatever it was, the connection is lost, and `close` follows
    socket.on("error", () => undefined);
  }

  /** Takes no further requests and closes when those in flight are over. */
  drain(): void {
    if (this.#isDraining || this.#isOver) return;
    this.#isDraining = true;
    // twice, as RFC 9113 §6.8 wants it: requests that are on their way are still served
    this.#sender.writer.goaway(largestWindowBytes, errorCode.none);
    this.#sender.touch();
    setTimeout(() => {
      if (this.#isOver) return;
      this.#lastServedId = this.#lastStreamId;
      this.#sender.writer.goaway(this.#lastStreamId, errorCode.none);
      this.#sender.touch();
      this.#closeIfDrained();
    }, goawayMs);
  }

  destroy(): void {
    this.#socket.destroy();
    this.#abandon();
  }

  sendHeaders(stream: Stream, block: Buffer): void {
    this.#sender.headers(stream, block, false);
  }

  sendData(stream: Stream, parts: readonly Uint8Array[]): void {
    this.#guarded(() => this.#sender.data(stream, parts));
    if (stream.queuedBytes <= this.#options.limits.maxQueuedBytesOfStream) return;
    this.resetStream(stream, errorCode.enhanceYourCalm);
    stream.consumer?.cancelled();
  }

  sendTrailers(stream: Stream, block: Buffer): void {
    this.#sender.trailers(stream, block);
  }

  resetStream(stream: Stream, code: number): void {
    this.#sender.writer.rstStream(stream.id, code);
    this.#sender.touch();
    this.#close(stream, "us");
  }

  creditStream(stream: Stream, bytes: number): void {
    const increment = stream.receiveWindow.give(bytes);
    if (increment === 0) return;
    this.#sender.writer.windowUpdate(stream.id, increment);
    this.#sender.touch();
  }

  released(): void {
    this.#working--;
    this.#closeIfDrained();
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#guarded(() => {
      const rest = this.#prefaceLeft === 0 ? chunk : this.#afterPreface(chunk);
      if (rest.length > 0) this.#reader.read(rest);
    });
  }

  #afterPreface(chunk: Buffer): Buffer {
    const from = clientPreface.length - this.#prefaceLeft;
    const given = chunk.subarray(0, this.#prefaceLeft);
    if (!given.equals(clientPreface.subarray(from, from + given.length)))
      throw new ConnectionError(errorCode.protocol, "the peer does not speak HTTP/2");
    this.#prefaceLeft -= given.length;
    return chunk.subarray(given.length);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#options.onError(error);
    const code = error instanceof ConnectionError ? error.code : errorCode.internal;
    this.#sender.writer.goaway(this.#lastStreamId, code);
    this.#end();
  }

  /** Sends what there is, and waits a moment for the peer to close: closed at once, it might never read why. */
  #end(): void {
    this.#sender.flush();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), lingerMs);
    this.#socket.once("close", () => clearTimeout(timer));
    this.#abandon();
  }

  #abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#prefaceTimer);
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) {
      this.#sender.drop(stream);
      stream.close();
      stream.consumer?.cancelled();
    }
  }

  #closeIfDrained(): void {
    if (this.#lastServedId === undefined || this.#working > 0 || this.#isOver) return;
    this.#end();
  }

  #frame(frame: Frame): void {
    if (this.#isOver) return;
    if (!this.#sawSettings) {
      if (frame.type !== frameType.settings || (frame.flags & frameFlag.ack) !== 0)
        throw new ConnectionError(errorCode.protocol, "the first frame is not SETTINGS");
      this.#sawSettings = true;
      clearTimeout(this.#prefaceTimer);
    }
    this.#blocks.expect(frame);
    try {
      checkFrame(frame);
      this.#dispatch(frame);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#failStream(error);
    }
  }

  #failStream({ streamId, code }: StreamError): void {
    this.#takeIdle();
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#closed.add(streamId, "us");
      this.#sender.writer.rstStream(streamId, code);
      this.#sender.touch();
      return;
    }
    this.resetStream(stream, code);
    stream.consumer?.cancelled();
  }

  #dispatch(frame: Frame): void {
    switch (frame.type) {
      case frameType.data:
        this.#data(frame);
        break;
      case frameType.headers:
        this.#takeBlock(this.#blocks.begin(frame));
        break;
      case frameType.continuation:
        this.#takeBlock(this.#blocks.continue(frame));
        break;
      case frameType.priority:
        this.#priority(frame);
        break;
      case frameType.rstStream:
        this.#rstStream(frame);
        break;
      case frameType.settings:
        this.#settings(frame);
        break;
      case frameType.ping:
        this.#ping(frame);
        break;
      case frameType.goaway:
        this.#takeIdle();
        break;
      case frameType.windowUpdate:
        this.#windowUpdate(frame);
        break;
      default:
        this.#takeIdle();
    }
  }

  #takeIdle(): void {
    if (!this.#idle.take()) throw new ConnectionError(errorCode.enhanceYourCalm, "too many frames that carry nothing");
  }

  #data(frame: Frame): void {
    const { streamId, payload } = frame;
    this.#mustBeOpened(streamId);
    const bytes = withoutPadding(frame);
    if (!this.#window.take(payload.length))
      throw new ConnectionError(errorCode.flowControl, "more was sent than the connection's window allows");
    const increment = this.#window.give(payload.length);
    if (increment > 0) {
      this.#sender.writer.windowUpdate(0, increment);
      this.#sender.touch();
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#takeIdle();
      if (this.#closed.find(streamId) !== "us")
        throw new StreamError(streamId, errorCode.streamClosed, "DATA on a closed stream");
      return;
    }
    if (stream.remoteClosed) throw new StreamError(streamId, errorCode.streamClosed, "DATA after the end");
    if (!stream.receiveWindow.take(payload.length))
      throw new StreamError(streamId, errorCode.flowControl, "more was sent than the stream's window allows");
    const endStream = (frame.flags & frameFlag.endStream) !== 0;
    this.#countBody(stream, bytes.length, endStream);
    if (payload.length > bytes.length) stream.credit(payload.length - bytes.length);
    const useful = bytes.length > 0 && stream.consumer?.data(bytes) === true;
    if (useful) {
      stream.hasSpoken = true;
      this.#idle.give(this.#options.limits.idleFramesPerUseful);
    } else if (bytes.length < tinyBytes && !endStream) {
      this.#takeIdle();
    }
    if (endStream) this.#remoteEnd(stream);
  }

  #countBody(stream: Stream, bytes: number, endStream: boolean): void {
    if (stream.bodyLeft === undefined) return;
    stream.bodyLeft -= bytes;
    if (stream.bodyLeft < 0 || (endStream && stream.bodyLeft > 0))
      throw new StreamError(stream.id, errorCode.protocol, "the body is not as long as content-length says");
  }

  #remoteEnd(stream: Stream): void {
    // the answer may have been finished by what came with the end
    if (stream.closed) return;
    stream.remoteClosed = true;
    stream.consumer?.end();
  }

  #takeBlock(block: HeaderBlock | undefined): void {
    if (block === undefined) {
      this.#takeIdle();
      return;
    }
    const fields: HeaderField[] = [];
    let bytes = 0;
    const most = this.#options.limits.maxHeaderListBytes;
    // also of what is refused: the table must see every block
    this.#decoder.decode(block.block, (field) => {
      bytes += field.size;
      if (bytes <= most) fields.push(field);
    });
    const { streamId } = block;
    if (streamId % 2 === 0) throw new ConnectionError(errorCode.protocol, `a client opens the stream ${streamId}`);
    if (streamId > this.#lastStreamId) this.#open(block, fields, bytes > most);
    else this.#trailers(block, fields);
  }

  #open(
    { streamId, endStream, dependsOnItself: selfish }: HeaderBlock,
    fields: HeaderField[],
    tooLarge: boolean,
  ): void {
    this.#lastStreamId = streamId;
    const { limits } = this.#options;
    if (this.#lastServedId !== undefined && streamId > this.#lastServedId)
      throw new StreamError(streamId, errorCode.refusedStream, "no more requests are taken");
    if (this.#working >= limits.maxStreams)
      throw new StreamError(streamId, errorCode.refusedStream, "too many requests at once");
    if (selfish) throw new StreamError(streamId, errorCode.protocol, "a stream depends on itself");
    if (tooLarge) throw new StreamError(streamId, errorCode.enhanceYourCalm, "the header list is too large");
    const head = readRequestHead(fields);
    if (head === undefined) throw new StreamError(streamId, errorCode.protocol, "a malformed request");
    const stream = new Stream(streamId, this, this.#sender.peer.initialWindowBytes, limits.streamWindowBytes);
    this.#streams.set(streamId, stream);
    this.#working++;
    this.#idle.give(limits.idleFramesPerUseful);
    stream.bodyLeft = head.contentLength;
    this.#countBody(stream, 0, endStream);
    stream.consumer = this.#options.accept(stream, head);
    if (endStream) this.#remoteEnd(stream);
  }

  #trailers({ streamId, endStream }: HeaderBlock, fields: readonly HeaderField[]): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      const by = this.#closed.find(streamId);
      if (by === undefined) throw new ConnectionError(errorCode.protocol, "a stream's number is lower than the last");
      if (by === "peer") throw new ConnectionError(errorCode.streamClosed, "HEADERS on a closed stream");
      this.#takeIdle();
      return;
    }
    if (stream.remoteClosed) throw new StreamError(streamId, errorCode.streamClosed, "HEADERS after the end");
    if (!endStream || !areTrailers(fields)) throw new StreamError(streamId, errorCode.protocol, "malformed trailers");
    this.#countBody(stream, 0, true);
    this.#remoteEnd(stream);
  }

  #priority({ streamId, payload }: Frame): void {
    if (dependsOnItself(payload, streamId)) {
      this.#mustBeOpened(streamId);
      throw new StreamError(streamId, errorCode.protocol, "a stream depends on itself");
    }
    this.#takeIdle();
  }

  #rstStream({ streamId }: Frame): void {
    this.#mustBeOpened(streamId);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#takeIdle();
      return;
    }
    if (!stream.hasSpoken && !this.#emptyResets.take())
      throw new ConnectionError(errorCode.enhanceYourCalm, "too many requests are reset before they say anything");
    this.#close(stream, "peer");
    stream.consumer?.cancelled();
  }

  #settings(frame: Frame): void {
    if ((frame.flags & frameFlag.ack) !== 0) {
      if (frame.payload.length > 0) throw new ConnectionError(errorCode.frameSize, "an acknowledgement with settings");
      this.#takeIdle();
      return;
    }
    this.#takeIdle();
    const growth = this.#sender.peer.apply(frame.payload);
    if (growth !== 0)
      for (const stream of this.#streams.values())
        if (!stream.sendWindow.give(growth))
          throw new ConnectionError(errorCode.flowControl, "settings make a window too large");
    this.#sender.writer.head(0, frameType.settings, frameFlag.ack, 0);
    this.#sender.touch();
  }

  #ping(frame: Frame): void {
    this.#takeIdle();
    if ((frame.flags & frameFlag.ack) !== 0) return;
    this.#sender.writer.frame(frameType.ping, frameFlag.ack, 0, frame.payload);
    this.#sender.touch();
  }

  #windowUpdate({ streamId, payload }: Frame): void {
    const increment = payload.readUInt32BE(0) & largestWindowBytes;
    // larger ones are limited by what was sent
    if (increment < smallUpdateBytes) this.#takeIdle();
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(errorCode.protocol, "WINDOW_UPDATE of nothing");
      if (!this.#sender.window.give(increment))
        throw new ConnectionError(errorCode.flowControl, "the connection's window is too large");
      this.#sender.touch();
      return;
    }
    this.#mustBeOpened(streamId);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (increment === 0) throw new StreamError(streamId, errorCode.protocol, "WINDOW_UPDATE of nothing");
    if (!stream.sendWindow.give(increment))
      throw new StreamError(streamId, errorCode.flowControl, "the stream's window is too large");
    if (stream.queuedBytes > 0) this.#sender.touch();
  }

  /** @throws ConnectionError for a stream that was never opened */
  #mustBeOpened(streamId: number): void {
    if (streamId === 0 || streamId > this.#lastStreamId || streamId % 2 === 0)
      throw new ConnectionError(errorCode.protocol, `nobody has opened the stream ${streamId}`);
  }

  #sentAll(stream: Stream): void {
    // nobody waits for the rest of the request: the answer is complete
    if (stream.remoteClosed) this.#close(stream, "peer");
    else this.resetStream(stream, errorCode.none);
  }

  #close(stream: Stream, by: "us" | "peer"): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#closed.add(stream.id, by);
    this.#sender.drop(stream);
    stream.close();
  }
}
