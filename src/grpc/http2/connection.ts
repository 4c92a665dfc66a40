import type { Socket } from "node:net";
import { checkFrame } from "./check-frame.ts";
import { ConnectionError, errorCode, StreamError } from "./errors.ts";
import { ReceiveWindow } from "./flow-control.ts";
import { FrameReader } from "./frame-reader.ts";
import { defaultWindowBytes, type Frame, frameFlag, frameType, largestWindowBytes, settingId } from "./frames.ts";
import { dependsOnItself, type HeaderBlock, HeaderBlocks, withoutPadding } from "./header-blocks.ts";
import type { Http2Limits } from "./limits.ts";
import { Manners } from "./manners.ts";
import { Preface } from "./preface.ts";
import { areTrailers, readRequestHead } from "./request-head.ts";
import { Sender } from "./sender.ts";
import { type Accept, Stream, type StreamOwner } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

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
  readonly #blocks: HeaderBlocks;
  readonly #sender: Sender;
  readonly #window: ReceiveWindow;
  readonly #streams = new StreamTable();
  readonly #manners: Manners;
  readonly #prefaceTimer: NodeJS.Timeout;
  readonly #preface = new Preface();
  #sawSettings = false;
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
    this.#manners = new Manners(limits, nowMs);
    this.#sender = new Sender(
      socket,
      limits,
      (stream) => this.#sentAll(stream),
      (error) => this.#fail(error),
    );
    this.#prefaceTimer = setTimeout(() => socket.destroy(), limits.prefaceMs);
    this.#sender.settings([
      [settingId.maxConcurrentStreams, limits.maxStreams],
      [settingId.initialWindowSize, limits.streamWindowBytes],
      [settingId.maxHeaderListSize, limits.maxHeaderListBytes],
    ]);
    this.#sender.windowUpdate(0, limits.connectionWindowBytes - defaultWindowBytes);
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
    this.#sender.goaway(largestWindowBytes, errorCode.none);
    setTimeout(() => {
      if (this.#isOver) return;
      this.#lastServedId = this.#streams.lastId;
      this.#sender.goaway(this.#streams.lastId, errorCode.none);
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
    this.#sender.rstStream(stream.id, code);
    this.#close(stream, "us");
  }

  creditStream(stream: Stream, bytes: number): void {
    const increment = stream.receiveWindow.give(bytes);
    if (increment === 0) return;
    this.#sender.windowUpdate(stream.id, increment);
  }

  released(): void {
    this.#streams.released();
    this.#closeIfDrained();
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#guarded(() => {
      this.#reader.read(this.#preface.after(chunk));
    });
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
    this.#sender.goaway(this.#streams.lastId, code);
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
    for (const stream of this.#streams.clear()) {
      this.#sender.drop(stream);
      stream.close();
      stream.consumer?.cancelled();
    }
  }

  #closeIfDrained(): void {
    if (this.#lastServedId === undefined || this.#streams.working > 0 || this.#isOver) return;
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
    this.#manners.idleFrame();
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#streams.refuse(streamId);
      this.#sender.rstStream(streamId, code);
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
        this.#manners.idleFrame();
        break;
      case frameType.windowUpdate:
        this.#windowUpdate(frame);
        break;
      default:
        this.#manners.idleFrame();
    }
  }

  #data(frame: Frame): void {
    const { streamId, payload } = frame;
    this.#streams.mustBeOpened(streamId);
    const bytes = withoutPadding(frame);
    if (!this.#window.take(payload.length))
      throw new ConnectionError(errorCode.flowControl, "more was sent than the connection's window allows");
    const increment = this.#window.give(payload.length);
    if (increment > 0) {
      this.#sender.windowUpdate(0, increment);
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#manners.idleFrame();
      if (this.#streams.closedBy(streamId) !== "us")
        throw new StreamError(streamId, errorCode.streamClosed, "DATA on a closed stream");
      return;
    }
    if (stream.remoteClosed) throw new StreamError(streamId, errorCode.streamClosed, "DATA after the end");
    if (!stream.receiveWindow.take(payload.length))
      throw new StreamError(streamId, errorCode.flowControl, "more was sent than the stream's window allows");
    const endStream = (frame.flags & frameFlag.endStream) !== 0;
    stream.countBody(bytes.length, endStream);
    if (payload.length > bytes.length) stream.credit(payload.length - bytes.length);
    const useful = bytes.length > 0 && stream.consumer?.data(bytes) === true;
    if (useful) {
      stream.hasSpoken = true;
      this.#manners.usefulFrame();
    } else if (bytes.length < tinyBytes && !endStream) {
      this.#manners.idleFrame();
    }
    if (endStream) this.#remoteEnd(stream);
  }

  #remoteEnd(stream: Stream): void {
    // the answer may have been finished by what came with the end
    if (stream.closed) return;
    stream.remoteClosed = true;
    stream.consumer?.end();
  }

  #takeBlock(block: HeaderBlock | undefined): void {
    if (block === undefined) this.#manners.idleFrame();
    else if (block.streamId % 2 === 0)
      throw new ConnectionError(errorCode.protocol, `a client opens the stream ${block.streamId}`);
    else if (block.streamId > this.#streams.lastId) this.#open(block);
    else this.#trailers(block);
  }

  #open({ streamId, endStream, fields, isTooLarge, dependsOnItself: selfish }: HeaderBlock): void {
    this.#streams.name(streamId);
    const { limits } = this.#options;
    if (this.#lastServedId !== undefined && streamId > this.#lastServedId)
      throw new StreamError(streamId, errorCode.refusedStream, "no more requests are taken");
    if (this.#streams.working >= limits.maxStreams)
      throw new StreamError(streamId, errorCode.refusedStream, "too many requests at once");
    if (selfish) throw new StreamError(streamId, errorCode.protocol, "a stream depends on itself");
    if (isTooLarge) throw new StreamError(streamId, errorCode.enhanceYourCalm, "the header list is too large");
    const head = readRequestHead(fields);
    if (head === undefined) throw new StreamError(streamId, errorCode.protocol, "a malformed request");
    const stream = new Stream(streamId, this, this.#sender.peer.initialWindowBytes, limits.streamWindowBytes);
    this.#streams.add(stream);
    this.#manners.usefulFrame();
    stream.bodyLeft = head.contentLength;
    stream.countBody(0, endStream);
    stream.consumer = this.#options.accept(stream, head);
    if (endStream) this.#remoteEnd(stream);
  }

  #trailers({ streamId, endStream, fields }: HeaderBlock): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      const by = this.#streams.closedBy(streamId);
      if (by === undefined) throw new ConnectionError(errorCode.protocol, "a stream's number is lower than the last");
      if (by === "peer") throw new ConnectionError(errorCode.streamClosed, "HEADERS on a closed stream");
      this.#manners.idleFrame();
      return;
    }
    if (stream.remoteClosed) throw new StreamError(streamId, errorCode.streamClosed, "HEADERS after the end");
    if (!endStream || !areTrailers(fields)) throw new StreamError(streamId, errorCode.protocol, "malformed trailers");
    stream.countBody(0, true);
    this.#remoteEnd(stream);
  }

  #priority({ streamId, payload }: Frame): void {
    if (dependsOnItself(payload, streamId)) {
      this.#streams.mustBeOpened(streamId);
      throw new StreamError(streamId, errorCode.protocol, "a stream depends on itself");
    }
    this.#manners.idleFrame();
  }

  #rstStream({ streamId }: Frame): void {
    this.#streams.mustBeOpened(streamId);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#manners.idleFrame();
      return;
    }
    if (!stream.hasSpoken) this.#manners.emptyReset();
    this.#close(stream, "peer");
    stream.consumer?.cancelled();
  }

  #settings(frame: Frame): void {
    if ((frame.flags & frameFlag.ack) !== 0) {
      if (frame.payload.length > 0) throw new ConnectionError(errorCode.frameSize, "an acknowledgement with settings");
      this.#manners.idleFrame();
      return;
    }
    this.#manners.idleFrame();
    const growth = this.#sender.peer.apply(frame.payload);
    if (growth !== 0)
      for (const stream of this.#streams.all())
        if (!stream.sendWindow.give(growth))
          throw new ConnectionError(errorCode.flowControl, "settings make a window too large");
    this.#sender.acknowledgeSettings();
  }

  #ping(frame: Frame): void {
    this.#manners.idleFrame();
    if ((frame.flags & frameFlag.ack) !== 0) return;
    this.#sender.pong(frame.payload);
  }

  #windowUpdate({ streamId, payload }: Frame): void {
    const increment = payload.readUInt32BE(0) & largestWindowBytes;
    // larger ones are limited by what was sent
    if (increment < smallUpdateBytes) this.#manners.idleFrame();
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(errorCode.protocol, "WINDOW_UPDATE of nothing");
      if (!this.#sender.window.give(increment))
        throw new ConnectionError(errorCode.flowControl, "the connection's window is too large");
      this.#sender.touch();
      return;
    }
    this.#streams.mustBeOpened(streamId);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (increment === 0) throw new StreamError(streamId, errorCode.protocol, "WINDOW_UPDATE of nothing");
    if (!stream.sendWindow.give(increment))
      throw new StreamError(streamId, errorCode.flowControl, "the stream's window is too large");
    if (stream.queuedBytes > 0) this.#sender.touch();
  }

  #sentAll(stream: Stream): void {
    // nobody waits for the rest of the request: the answer is complete
    if (stream.remoteClosed) this.#close(stream, "peer");
    else this.resetStream(stream, errorCode.none);
  }

  #close(stream: Stream, by: "us" | "peer"): void {
    if (!this.#streams.close(stream, by)) return;
    this.#sender.drop(stream);
    stream.close();
  }
}
