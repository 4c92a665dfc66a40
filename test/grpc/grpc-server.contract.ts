import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type ClientDuplexStream, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { claimPort } from "../../src/cli/ports.ts";
import type { Codec, EndReason, GrpcServer, Listening, Service } from "../../src/grpc/server.ts";
import { until } from "../support/wait.ts";

const bytes = (message: Uint8Array): Buffer => Buffer.from(message);
const codec: Codec<Buffer, Buffer> = { decode: bytes, encode: bytes };
const megabyte = 1_048_576;

export interface GrpcServerOptions {
  readonly maxMessageBytes: number;
  readonly onError: (error: unknown, path: string) => void;
}

/** What every implementation of the transport seam does. */
export function grpcServerContract(name: string, make: (options: GrpcServerOptions) => GrpcServer): void {
  describe(`${name} as a GrpcServer`, () => {
    let folder: string;
    let socket: string;
    let listening: Listening;
    let client: Client;
    let entries: number;
    let ends: EndReason[];
    let errors: { readonly error: unknown; readonly path: string }[];
    /** Lets the messages go that wait in `/test/Slow`. */
    let release: (() => void)[];

    const services: readonly Service[] = [
      { kind: "unary", path: "/test/Echo", codec, handle: async (request: Buffer) => request },
      { kind: "unary", path: "/test/Never", codec, handle: () => new Promise(() => undefined) },
      { kind: "unary", path: "/test/Fail", codec, handle: () => Promise.reject(new Error("a secret")) },
      {
        kind: "unary",
        path: "/test/Picky",
        codec: {
          decode: () => {
            throw new Error("no message of ours");
          },
          encode: bytes,
        },
        handle: async () => Buffer.alloc(0),
      },
      {
        kind: "duplex",
        path: "/test/Exchange",
        codec,
        open: (peer) => ({
          message: (message: Buffer) => {
            if (String(message) === "throw") throw new Error("a secret");
            peer.send(message);
          },
          ended: (reason) => void ends.push(reason),
        }),
      },
      {
        kind: "duplex",
        path: "/test/Slow",
        codec,
        open: (peer) => ({
          message: async (message: Buffer) => {
            await new Promise<void>((resolve) => release.push(resolve));
            peer.send(message);
          },
          ended: (reason) => void ends.push(reason),
        }),
      },
      {
        kind: "duplex",
        path: "/test/Feed",
        lasting: true,
        codec: { decode: bytes, encode: bytes },
        open: (peer) => ({ message: (message) => peer.send(message), ended: () => undefined }),
      },
      {
        kind: "client-stream",
        path: "/test/Log",
        codec: { decode: bytes, encode: () => Buffer.alloc(0) },
        open: () => ({
          message: () => {
            entries++;
          },
          ended: (reason) => void ends.push(reason),
        }),
      },
    ];

    const makeServer = (): GrpcServer =>
      make({ maxMessageBytes: 8 * megabyte, onError: (error, path) => errors.push({ error, path }) });
    const makeClient = (address: string): Client =>
      new Client(address, credentials.createInsecure(), {
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
      });

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "tollgate-grpc-"));
      socket = join(folder, "grpc.sock");
      entries = 0;
      ends = [];
      errors = [];
      release = [];
      // what a killed process leaves
      writeFileSync(socket, "");
      listening = await makeServer().serve(`unix:${socket}`, services);
      client = makeClient(`unix:${socket}`);
    });
    afterEach(async () => {
      client.close();
      await listening.close(0);
      rmSync(folder, { recursive: true, force: true });
    });

    function ask(path: string, request: Buffer, deadlineMs = 20_000): Promise<Buffer> {
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          bytes,
          bytes,
          request,
          { deadline: Date.now() + deadlineMs },
          (error: ServiceError | null, response?: Buffer) =>
            error === null && response !== undefined ? resolve(response) : reject(error),
        );
      });
    }

    async function refusal(asked: Promise<unknown>): Promise<ServiceError> {
      return await asked.then(
        () => {
          throw new Error("it was answered");
        },
        (error: ServiceError) => error,
      );
    }

    const open = (path: string): ClientDuplexStream<Buffer, Buffer> => client.makeBidiStreamRequest(path, bytes, bytes);

    /** The status with which a stream ends. */
    function ending(call: ClientDuplexStream<Buffer, Buffer>): Promise<{ code: number; details: string }> {
      call.on("error", () => undefined);
      return new Promise((resolve) => call.once("status", resolve));
    }

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

    it("answers a call", async () => {
      expect(String(await ask("/test/Echo", Buffer.from("hello")))).to.equal("hello");
      expect(await ask("/test/Echo", Buffer.alloc(0))).to.have.length(0);
    });

    it("takes and gives messages of megabytes, many at once", async () => {
      const large = Buffer.alloc(5 * megabyte, "0123456789");
      const answers = await Promise.all(Array.from({ length: 4 }, () => ask("/test/Echo", large)));
      for (const answer of answers) expect(answer.equals(large)).to.equal(true);
    });

    it("refuses larger messages than it may take with RESOURCE_EXHAUSTED, and goes on", async () => {
      const error = await refusal(ask("/test/Echo", Buffer.alloc(9 * megabyte)));
      expect(error.code).to.equal(status.RESOURCE_EXHAUSTED);
      expect(String(await ask("/test/Echo", Buffer.from("next")))).to.equal("next");
    });

    it("knows no other methods: UNIMPLEMENTED", async () => {
      expect((await refusal(ask("/test/Other", Buffer.alloc(1)))).code).to.equal(status.UNIMPLEMENTED);
      expect((await ending(open("/test/Other").resume())).code).to.equal(status.UNIMPLEMENTED);
    });

    it("a rejecting handler is INTERNAL, and its error is for the log only", async () => {
      const error = await refusal(ask("/test/Fail", Buffer.alloc(0)));
      expect(error.code).to.equal(status.INTERNAL);
      expect(error.details).to.equal("internal error");
      expect(errors.map(({ path }) => path)).to.deep.equal(["/test/Fail"]);
    });

    it("a message that cannot be decoded is INTERNAL, without a word of why", async () => {
      const error = await refusal(ask("/test/Picky", Buffer.alloc(3)));
      expect(error.code).to.equal(status.INTERNAL);
      expect(error.details).not.to.contain("no message of ours");
    });

    it("ends a call at its deadline", async () => {
      expect((await refusal(ask("/test/Never", Buffer.alloc(0), 50))).code).to.equal(status.DEADLINE_EXCEEDED);
    });

    it("answers the messages of a stream in order, and ends it when the peer does", async () => {
      const call = open("/test/Exchange");
      const got: string[] = [];
      call.on("data", (message: Buffer) => got.push(String(message)));
      const sent = Array.from({ length: 300 }, (_, index) => `message ${index}`);
      for (const message of sent) call.write(Buffer.from(message));
      call.end();
      expect((await ending(call)).code).to.equal(status.OK);
      expect(got).to.deep.equal(sent);
      expect(ends).to.deep.equal(["end"]);
    });

    it("a stream of more than a window in both directions passes", async () => {
      const call = open("/test/Exchange");
      let got = 0;
      call.on("data", (message: Buffer) => {
        got += message.length;
      });
      for (let index = 0; index < 20; index++) call.write(Buffer.alloc(megabyte, index));
      call.end();
      expect((await ending(call)).code).to.equal(status.OK);
      expect(got).to.equal(20 * megabyte);
    });

    it("handles a message only after the one before, however fast they come", async () => {
      const call = open("/test/Slow");
      const got: string[] = [];
      call.on("data", (message: Buffer) => got.push(String(message)));
      const end = ending(call);
      for (const message of ["a", "b", "c"]) call.write(Buffer.from(message));
      call.end();
      for (const count of [1, 2, 3]) {
        await until("the message", () => release.length === count);
        expect(got).to.have.length(count - 1);
        release[count - 1]?.();
        await until("the answer", () => got.length === count);
      }
      expect((await end).code).to.equal(status.OK);
      expect(got).to.deep.equal(["a", "b", "c"]);
    });

    it("an empty stream is a good one", async () => {
      const call = open("/test/Exchange");
      call.resume();
      call.end();
      expect((await ending(call)).code).to.equal(status.OK);
      expect(ends).to.deep.equal(["end"]);
    });

    it("a handler that throws ends its stream with INTERNAL", async () => {
      const call = open("/test/Exchange");
      call.resume();
      call.write(Buffer.from("throw"));
      const { code, details } = await ending(call);
      expect({ code, details }).to.deep.equal({ code: status.INTERNAL, details: "internal error" });
      expect(ends).to.deep.equal(["cancelled"]);
      expect(errors.map(({ path }) => path)).to.deep.equal(["/test/Exchange"]);
    });

    it("tells the handler when the peer breaks off, once, after the message in work", async () => {
      const call = open("/test/Slow");
      call.on("error", () => undefined);
      call.write(Buffer.from("a"));
      await until("the message", () => release.length === 1);
      call.cancel();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(ends).to.deep.equal([]);
      release[0]?.();
      await until("the end", () => ends.length === 1);
    });

    it("tells each handler once that the connection is lost", async () => {
      const pipes: Socket[] = [];
      const wire = createServer((from) => {
        const to = connect(socket);
        pipes.push(from, to);
        from.pipe(to).pipe(from);
        for (const side of [from, to]) side.on("error", () => undefined);
      }).listen(join(folder, "wire.sock"));
      client.close();
      client = makeClient(`unix:${join(folder, "wire.sock")}`);
      try {
        for (const call of [open("/test/Exchange"), open("/test/Exchange")]) {
          call.on("error", () => undefined);
          call.write(Buffer.from("a"));
          await once(call, "data");
        }
      } finally {
        wire.close();
        for (const side of pipes) side.destroy();
      }
      // grpc-js calls it `end`
      await until("the ends", () => ends.length === 2);
    });

    it("the socket is for the owner and the group alone, and gone after closing", async () => {
      expect(statSync(socket).mode & 0o777).to.equal(0o660);
      await listening.close(1_000);
      expect(existsSync(socket)).to.equal(false);
    });

    it("serves a TCP port, and says so when it is taken", async () => {
      const port = await claimPort("127.0.0.1", 0, "");
      const second = await makeServer().serve(`127.0.0.1:${port}`, services);
      client.close();
      client = makeClient(`127.0.0.1:${port}`);
      try {
        expect(String(await ask("/test/Echo", Buffer.from("tcp")))).to.equal("tcp");
      } finally {
        client.close();
        await second.close(1_000);
      }
      const taken = createServer().listen(port, "127.0.0.1");
      await once(taken, "listening");
      try {
        const error = await refusal(makeServer().serve(`127.0.0.1:${port}`, services));
        expect(error).to.be.instanceOf(Error);
        expect(error.message).to.contain("EADDRINUSE");
      } finally {
        taken.close();
      }
    });

    describe("close", () => {
      it("does not wait for log streams, which stay open for as long as Envoy lives: it ends them with OK", async () => {
        const { ended } = await openLog();
        await listening.close(60_000);
        expect(await ended).to.equal(0);
        expect(existsSync(socket)).to.equal(false);
      });

      it("does not wait for other lasting streams either, and ends them with OK", async () => {
        const call = open("/test/Feed");
        call.write(Buffer.from("one"));
        await once(call, "data");
        const status = once(call, "status");
        await listening.close(60_000);
        expect((await status)[0]).to.include({ code: 0 });
      });

      it("waits for the exchanges in flight, and takes log entries until those are over", async () => {
        const { write, ended } = await openLog();
        const call = open("/test/Exchange");
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
        const call = open("/test/Exchange");
        call.write(Buffer.from("one"));
        await once(call, "data");
        const broken = once(call, "error");
        await listening.close(50);
        expect((await broken)[0])
          .to.have.property("code")
          .above(0);
        await until("the end", () => ends.length === 1);
      });
    });
  });
}
