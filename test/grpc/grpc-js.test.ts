import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { expect } from "chai";
import { GrpcJsServer } from "../../src/grpc/grpc-js.ts";
import type { Codec, Listening, StreamMethod } from "../../src/grpc/server.ts";
import { until } from "../support/wait.ts";

const bytes = (message: Uint8Array): Buffer => Buffer.from(message);
const codec: Codec<Buffer, Buffer> = { decode: bytes, encode: bytes };

describe("GrpcJsServer.close", () => {
  let folder: string;
  let socket: string;
  let listening: Listening;
  let client: Client;
  let entries: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-grpc-"));
    socket = join(folder, "grpc.sock");
    entries = 0;
    const exchange: StreamMethod<Buffer, Buffer> = {
      kind: "duplex",
      path: "/test/Exchange",
      codec,
      open: (peer) => ({ message: (message) => peer.send(message), ended: () => undefined }),
    };
    const log: StreamMethod<Buffer, Buffer> = {
      kind: "client-stream",
      path: "/test/Log",
      codec: { decode: bytes, encode: () => Buffer.alloc(0) },
      open: () => ({
        message: () => {
          entries++;
        },
        ended: () => undefined,
      }),
    };
    const feed: StreamMethod<Buffer, Buffer> = { ...exchange, path: "/test/Feed", lasting: true };
    const server = new GrpcJsServer({ maxMessageBytes: 1024, onError: () => undefined });
    listening = await server.serve(`unix:${socket}`, [exchange, feed, log]);
    client = new Client(`unix:${socket}`, credentials.createInsecure());
  });
  afterEach(() => {
    client.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A log stream that the client never ends, as Envoy does. `ended`: settles with the status that the server gave it. */
  async function openLog(): Promise<{ readonly write: () => void; readonly ended: Promise<number> }> {
    const log: { write?: () => void } = {};
    const ended = new Promise<number>((resolve) => {
      const call = client.makeClientStreamRequest("/test/Log", bytes, bytes, (error) => resolve(error?.code ?? 0));
      log.write = () => call.write(Buffer.from("entry"));
    });
    log.write?.();
    await until("the log stream", () => entries === 1);
    return { write: () => log.write?.(), ended };
  }

  it("does not wait for log streams, which stay open for as long as Envoy lives: it ends them with OK", async () => {
    const { ended } = await openLog();
    await listening.close(60_000);
    expect(await ended).to.equal(0);
    expect(existsSync(socket)).to.equal(false);
  });

  it("does not wait for other lasting streams either, and ends them with OK", async () => {
    const call = client.makeBidiStreamRequest("/test/Feed", bytes, bytes);
    call.write(Buffer.from("one"));
    await once(call, "data");
    const status = once(call, "status");
    await listening.close(60_000);
    expect((await status)[0]).to.include({ code: 0 });
  });

  it("waits for the exchanges in flight, and takes log entries until those are over", async () => {
    const { write, ended } = await openLog();
    const call = client.makeBidiStreamRequest("/test/Exchange", bytes, bytes);
    call.write(Buffer.from("one"));
    await once(call, "data");
    let closed = false;
    const closing = listening.close(60_000).then(() => {
      closed = true;
    });
    call.write(Buffer.from("two"));
    expect(String(await once(call, "data"))).to.equal("two");
    expect(closed).to.equal(false);
    call.end();
    await once(call, "end");
    write();
    await until("the last entry", () => entries === 2);
    await closing;
    expect(await ended).to.equal(0);
  });

  it("breaks off what is still open when its patience ends", async () => {
    const call = client.makeBidiStreamRequest("/test/Exchange", bytes, bytes);
    call.write(Buffer.from("one"));
    await once(call, "data");
    const broken = once(call, "error");
    await listening.close(50);
    expect((await broken)[0])
      .to.have.property("code")
      .above(0);
  });
});
