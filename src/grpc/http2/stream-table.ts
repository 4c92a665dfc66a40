import { type ClosedBy, ClosedStreams } from "./closed-streams.ts";
import { ConnectionError, errorCode } from "./errors.ts";
import type { Stream } from "./stream.ts";

/** The streams of one connection: those that are open, and what is known of others. */
export class StreamTable {
  readonly #open = new Map<number, Stream>();
  readonly #closed = new ClosedStreams();
  #lastId = 0;
  /** Streams that are open, or whose work goes on. */
  #working = 0;

  get lastId(): number {
    return this.#lastId;
  }

  get working(): number {
    return this.#working;
  }

  /** This is no stream before: its number is taken, whether it is added or refused. */
  name(id: number): void {
    this.#lastId = id;
  }

  add(stream: Stream): void {
    this.#open.set(stream.id, stream);
    this.#working++;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  all(): Iterable<Stream> {
    return this.#open.values();
  }

  /** False when it was closed before. */
  close(stream: Stream, by: ClosedBy): boolean {
    if (!this.#open.delete(stream.id)) return false;
    this.#closed.add(stream.id, by);
    return true;
  }

  /** A stream that was never added is reset. */
  refuse(id: number): void {
    this.#closed.add(id, "us");
  }

  /** Undefined: never opened, or closed too long ago to be remembered. */
  closedBy(id: number): ClosedBy | undefined {
    return this.#closed.find(id);
  }

  /** The work for a stream that is closed has ended. */
  released(): void {
    this.#working--;
  }

  /** Takes all open streams away. */
  clear(): readonly Stream[] {
    const streams = [...this.#open.values()];
    this.#open.clear();
    return streams;
  }

  /** @throws ConnectionError for a stream that was never opened */
  mustBeOpened(id: number): void {
    if (id === 0 || id > this.#lastId || id % 2 === 0)
      throw new ConnectionError(errorCode.protocol, `nobody has opened the stream ${id}`);
  }
}
