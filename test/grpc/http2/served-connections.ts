import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../src/grpc/http2/connection.ts";
import { encodeHeaders } from "../../../src/grpc/http2/hpack-encoder.ts";
import { defaultLimits, type Http2Limits } from "../../../src/grpc/http2/limits.ts";
import type { RequestHead } from "../../../src/grpc/http2/request-head.ts";
import type { ServerStream } from "../../../src/grpc/http2/stream.ts";
import { Http2Peer } from "../../support/http2-peer.ts";

const head = encodeHeaders([[":status", "200"]]);
const trailers = encodeHeaders([["grpc-status", "0"]]);

/** One request as the connection handed it over. */
export interface Taken {
  readonly stream: ServerStream;
  readonly head: RequestHead;
  readonly events: string[];
  bytes: number;
}

/** Connections whose requests are answered by what a test says: after their end with `answer` bytes, and 200. */
export class ServedConnections {
  readonly #folder = mkdtempSync(join(tmpdir(), "tollgate-http2-"));
  readonly path = join(this.#folder, "http2.sock");
  readonly taken: Taken[] = [];
  readonly errors: string[] = [];
  readonly #peers: Http2Peer[] = [];
  readonly #server;
  /** Size of the answers; undefined = no answer. */
  answer: number | undefined = 5;
  /** Whether requests are given back as soon as they arrive, and their work is over when they are. */
  credits = true;
  ends = true;
  nowMs = 0;
  connection: Connection | undefined;

  constructor(limits: Partial<Http2Limits> = {}) {
    this.#server = createServer((socket) => {
      this.connection = new Connection(socket, {
        limits: { ...defaultLimits, ...limits },
        nowMs: () => this.nowMs,
        onError: (error) => this.errors.push(String(error)),
        accept: (stream, requestHead) => this.#accept(stream, requestHead),
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(this.path);
    await once(this.#server, "listening");
  }

  peer(): Http2Peer {
    const peer = new Http2Peer(this.path);
    this.#peers.push(peer);
    return peer;
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.close();
    this.connection?.destroy();
    this.#server.close();
    await once(this.#server, "close");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #accept(stream: ServerStream, requestHead: RequestHead) {
    const taken: Taken = { stream, head: requestHead, events: [], bytes: 0 };
    this.taken.push(taken);
    return {
      data: (bytes: Buffer) => {
        taken.bytes += bytes.length;
        if (this.credits) stream.credit(bytes.length);
        return bytes.length > 10;
      },
      end: () => {
        taken.events.push("end");
        if (this.answer === undefined) return;
        stream.headers(head);
        stream.data([Buffer.alloc(this.answer, "x")]);
        stream.trailers(trailers);
        if (this.ends) stream.done();
      },
      cancelled: () => {
        taken.events.push("cancelled");
        if (this.ends) stream.done();
      },
    };
  }
}
