import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { chat, hello, send } from "../support/client.ts";
import { bodyChunk, postHead, sendRaw } from "../support/raw-http.ts";
import {
  expectRefusal,
  expectUnbilled,
  limitBytes,
  type Refusal,
  refuses,
  useRefusingWorld,
} from "../support/refusal.ts";
import { until } from "../support/wait.ts";
import type { World } from "../support/world.ts";

const claude = "claude-sonnet-4-20250514";
const text = (body: object): string => JSON.stringify(body);
const withModel = (model: string, members: object = {}): object => ({ model, ...hello, ...members });

describe("bad requests through a real Envoy", () => {
  const started = useRefusingWorld();
  let world: World;

  before(() => {
    world = started();
  });

  describe("bodies", () => {
    it("accepts JSON under curl's default content type", async () => {
      const answer = await send(world.url, {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: withModel("gpt-4o"),
      });
      expect(answer.status, answer.text).to.equal(200);
    });

    for (const [what, body, message] of [
      ["cut JSON", '{"model": "gpt-4o", "messages": [', /not valid JSON: .* at byte 33/],
      ["text that is no JSON", "model=gpt-4o", /not valid JSON: .* at byte 0/],
      ["a trailing comma", '{"model": "gpt-4o",}', /not valid JSON: a member name was expected at byte 19/],
      ["a second value", `${text(withModel("gpt-4o"))} {}`, /text after the value/],
      ["null", "null", /must be a JSON object/],
      ["an array", "[1, 2]", /must be a JSON object/],
      ["a string", '"hello"', /must be a JSON object/],
      ["a number", "17", /must be a JSON object/],
      ["white space", "  \n", /the text ends too early/],
    ] as const) {
      it(`refuses ${what} and says where it breaks`, async () => {
        await refuses(world, { body }, { status: 400, code: "invalid_json", message });
      });
    }

    it("refuses an empty body", async () => {
      const answer = await sendRaw(world.url, [postHead(["content-length: 0"])]);
      const refusal = { status: 400, code: "invalid_json", message: /no body; a JSON object was expected/ };
      expectRefusal(answer, refusal);
      await expectUnbilled(world, refusal);
    });

    it("refuses an empty chunked body", async () => {
      const answer = await sendRaw(world.url, [postHead(["transfer-encoding: chunked"]), "0\r\n\r\n"]);
      const refusal = { status: 400, code: "invalid_json", message: /body is empty|no body/ };
      expectRefusal(answer, refusal);
      await expectUnbilled(world, refusal);
    });

    it("refuses bytes that are not UTF-8", async () => {
      const body = Buffer.from(text(withModel("gpt-4o")).replace("Hello", "H\xffllo"), "latin1");
      await refuses(world, { body }, { status: 400, code: "invalid_json", message: /not UTF-8/ });
    });

    it("refuses a megabyte of nesting without recursion", async () => {
      const half = 512 * 1024;
      const body = `{"model":"gpt-4o","messages":${"[".repeat(half)}${"]".repeat(half)}}`;
      await refuses(world, { body }, { status: 400, code: "invalid_json", message: /nesting deeper than 512 levels/ });
    });

    it("reads the last of duplicate members and rewrites every one of them", async () => {
      const body = `{"model":"nothing","messages":[{"role":"user","content":"x"}],"model":"gpt-4o-mini"}`;
      const read = await send(world.url, { body });
      expect(read.status, read.text).to.equal(200);
      expect(read.headers["x-ai-model"]).to.equal("gpt-4o-mini");
      world.openai.reset();
      const renamed = await chat(world.url, "gpt-4o", { body: {} });
      expect(renamed.status).to.equal(200);
      world.openai.reset();
      const answer = await send(world.url, { headers: { "x-ai-eg-model": "gpt-4o" }, body });
      expect(answer.status, answer.text).to.equal(200);
      expect(world.openai.requests[0]?.body.toString().match(/"model":"gpt-4o"/g)).to.have.length(2);
    });

    it("refuses multipart", async () => {
      const form = new FormData();
      form.set("model", "gpt-4o");
      const { body, headers } = new Request("http://client", { method: "POST", body: form });
      const bytes = new Uint8Array(await new Response(body).arrayBuffer());
      await refuses(
        world,
        { headers: { "content-type": headers.get("content-type") ?? "" }, body: bytes },
        { status: 400, code: "json_expected", message: /takes a JSON body, not multipart/ },
      );
    });
  });

  describe("compressed bodies", () => {
    it("reads gzip and forwards it decompressed", async () => {
      const body = gzipSync(text(withModel("gpt-4o")));
      const answer = await send(world.url, { headers: { "content-encoding": "gzip" }, body });
      expect(answer.status, answer.text).to.equal(200);
      expect(world.openai.requests[0]?.body.toString()).to.equal(text(withModel("gpt-4o")));
      expect(world.openai.requests[0]?.headers).not.to.have.property("content-encoding");
    });

    it("refuses a coding that it does not know", async () => {
      await refuses(
        world,
        { headers: { "content-encoding": "snappy" }, body: "xyz" },
        { status: 400, code: "unsupported_content_encoding", message: /content-encoding .* is not supported; send/ },
      );
    });

    it("refuses what is not compressed as it says", async () => {
      await refuses(
        world,
        { headers: { "content-encoding": "gzip" }, body: text(withModel("gpt-4o")) },
        { status: 400, code: "invalid_json", message: /could not be decompressed/ },
      );
    });

    it("refuses a small body that grows above the limit", async () => {
      const body = gzipSync(text(withModel("gpt-4o", { padding: "x".repeat(limitBytes) })));
      await refuses(
        world,
        { headers: { "content-encoding": "gzip" }, body },
        { status: 413, code: "request_too_large", message: /larger than .* bytes/ },
      );
    });
  });

  describe("size and time", () => {
    const tooLarge: Refusal = {
      status: 413,
      code: "request_too_large",
      message: new RegExp(`larger than the ${limitBytes} bytes`),
    };

    it("refuses a body above the limit by its content-length", async () => {
      await refuses(world, { body: withModel("gpt-4o", { padding: "x".repeat(limitBytes) }) }, tooLarge);
    });

    it("refuses a chunked body when it grows above the limit", async () => {
      const chunk = bodyChunk("x".repeat(64 * 1024));
      const chunks = Array.from({ length: limitBytes / (64 * 1024) + 1 }, () => chunk);
      const answer = await sendRaw(world.url, [
        postHead(["transfer-encoding: chunked"]),
        bodyChunk('{"padding":"'),
        ...chunks,
      ]);
      expectRefusal(answer, tooLarge);
      await expectUnbilled(world, tooLarge);
    });

    it("serves a body of exactly the limit, or refuses it as too large when the model must be written into it", async () => {
      const empty = text({ ...hello, model: "gpt-4o", padding: "" }).length;
      const body = text({ ...hello, model: "gpt-4o", padding: "x".repeat(limitBytes - empty) });
      expect(body.length).to.equal(limitBytes);
      const served = await send(world.url, { body });
      expect(served.status, served.text.slice(0, 500)).to.equal(200);
      world.openai.reset();
      world.log.length = 0;
      await refuses(world, { headers: { "x-ai-eg-model": "gpt-4o-mini" }, body }, tooLarge);
    });

    it("gives up an upload that stops", async () => {
      const answer = await sendRaw(world.url, [
        postHead(["transfer-encoding: chunked"]),
        bodyChunk('{"model":"gpt-4o","messages":['),
      ]);
      const refusal: Refusal = {
        status: 408,
        code: "request_timeout",
        type: "timeout_error",
        message: /did not arrive completely within 2 seconds/,
      };
      expectRefusal(answer, refusal);
      await expectUnbilled(world, refusal);
    });

    it("lets go of an upload whose client goes away", async () => {
      const socket = connect(Number(new URL(world.url).port), "127.0.0.1");
      socket.write(`${postHead(["transfer-encoding: chunked"])}${bodyChunk('{"model":"gpt-4o","messages":[')}`);
      await until("the session to begin", () => world.gateway.sessions.size === 1);
      socket.destroy();
      const line = await world.requestLog((candidate) => candidate["outcome"] === "aborted");
      expect(line).not.to.have.property("status");
    });

    it("answers `expect: 100-continue` and serves the request", async () => {
      const body = text(withModel("gpt-4o"));
      const answer = await sendRaw(world.url, [
        postHead(["expect: 100-continue", `content-length: ${body.length}`]),
        body,
      ]);
      expect(answer.status).to.equal(100);
      expect(answer.text).to.match(/^HTTP\/1.1 200 OK/);
      expect(answer.text).to.contain("Hello from the mock.");
    });
  });

  describe("models", () => {
    const models = /; the models here are .*\bgpt-4o, gpt-4o-mini\b/;

    it("names the models there are when none is asked for", async () => {
      await refuses(
        world,
        { body: hello },
        {
          status: 400,
          code: "missing_model",
          message: /send "model" in the body or the header x-ai-eg-model/,
          param: "model",
        },
      );
      await refuses(world, { body: hello }, { status: 400, code: "missing_model", message: models, param: "model" });
    });

    it("names the models there are when another is asked for", async () => {
      await refuses(
        world,
        { body: withModel('gpt-"5"\n') },
        { status: 404, code: "unknown_model", message: models, param: "model", type: "not_found_error" },
      );
    });

    it("refuses a model that is not a string", async () => {
      await refuses(
        world,
        { body: { ...hello, model: 4 } },
        { status: 400, code: "invalid_field", message: /model must be a string/, param: "model" },
      );
    });
  });

  describe("messages that the backend's format cannot carry", () => {
    for (const [what, members, refusal] of [
      [
        "several answers",
        { n: 2 },
        { status: 422, code: "n_not_supported", message: /^n above 1 is not supported by Anthropic/, param: "n" },
      ],
      [
        "a kind of content that it does not have",
        { messages: [{ role: "user", content: [{ type: "input_video", video: {} }] }] },
        {
          status: 422,
          code: "unsupported_content_part",
          message: /^messages\[0\]\.content\[0\]/,
          param: "messages[0].content[0]",
        },
      ],
      ["no messages", { messages: [] }, { status: 422, code: "no_messages", message: /^messages/, param: "messages" }],
      [
        "a role that is a number",
        { messages: [{ role: 7, content: "x" }] },
        { status: 400, code: "invalid_field", message: /^messages\[0\]\.role/, param: "messages[0].role" },
      ],
      [
        "messages that are text",
        { messages: "Hello" },
        { status: 400, code: "invalid_field", message: /^messages must be an array/, param: "messages" },
      ],
    ] as const) {
      it(`names the field of ${what}`, async () => {
        await refuses(world, { body: withModel(claude, members) }, refusal);
      });
    }

    it("leaves what it need not translate to the provider, whose refusal passes", async () => {
      const answer = await send(world.url, { body: withModel("gpt-4o-mini", { messages: "Hello" }) });
      expect(answer.status, answer.text).to.equal(400);
      expect(answer.json().error.type).to.equal("invalid_request_error");
      expect(world.openai.requests).to.have.length(1);
    });
  });
});
