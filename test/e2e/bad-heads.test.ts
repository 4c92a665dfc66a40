import { expect } from "chai";
import { hello, send } from "../support/client.ts";
import { postHead, sendRaw } from "../support/raw-http.ts";
import { expectRefusal, expectUnbilled, refuses, useRefusingWorld } from "../support/refusal.ts";
import type { World } from "../support/world.ts";

const text = (body: object): string => JSON.stringify(body);
const withModel = (model: string): object => ({ model, ...hello });

describe("bad paths, methods and headers through a real Envoy", () => {
  const started = useRefusingWorld();
  let world: World;

  before(() => {
    world = started();
  });

  it("refuses paths where nothing is served and names what there is", async () => {
    const refusal = {
      status: 404,
      code: "unknown_path",
      type: "not_found_error",
      message: /nothing is served at this path; there is POST \/v1\/chat\/completions/,
    };
    await refuses(world, { path: "/v1/chat", body: withModel("gpt-4o") }, refusal);
    for (const path of ["/", "/v1/chat/completions/", "/v1/../etc/passwd"]) {
      expectRefusal(await send(world.url, { path, body: withModel("gpt-4o") }), refusal);
    }
  });

  it("ignores the query", async () => {
    const answer = await send(world.url, { path: "/v1/chat/completions?a=b", body: withModel("gpt-4o") });
    expect(answer.status, answer.text).to.equal(200);
  });

  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    it(`refuses ${method} and says what is allowed`, async () => {
      const answer = await refuses(
        world,
        { method, ...(method === "GET" ? {} : { body: withModel("gpt-4o") }) },
        { status: 405, code: "method_not_allowed", message: new RegExp(`${method} is not allowed here; use POST`) },
      );
      expect(answer.headers["allow"]).to.equal("POST");
    });
  }

  it("refuses HEAD without a body", async () => {
    const answer = await send(world.url, { method: "HEAD" });
    expect(answer.status).to.equal(405);
    expect(answer.headers["allow"]).to.equal("POST");
    expect(answer.text).to.equal("");
    await expectUnbilled(world, { status: 405, code: "method_not_allowed", message: /./ });
  });

  it("refuses a repeated header that names an account (L10)", async () => {
    const body = text(withModel("gpt-4o"));
    const answer = await sendRaw(world.url, [
      postHead(["x-user-id: alice", "x-user-id: bob", `content-length: ${body.length}`]),
      body,
    ]);
    const refusal = { status: 400, code: "invalid_header", message: /the header x-user-id was sent 2 times/ };
    expectRefusal(answer, refusal);
    await expectUnbilled(world, refusal);
  });

  it("refuses a repeated model header", async () => {
    const body = text(hello);
    const answer = await sendRaw(world.url, [
      postHead(["x-ai-eg-model: gpt-4o", "x-ai-eg-model: gpt-4o-mini", `content-length: ${body.length}`]),
      body,
    ]);
    const refusal = { status: 400, code: "invalid_header", message: /the header x-ai-eg-model was sent 2 times/ };
    expectRefusal(answer, refusal);
    await expectUnbilled(world, refusal);
  });

  it("refuses headers that are too large", async () => {
    const large = Array.from({ length: 70 }, (_, index) => `x-large-${index}: ${"x".repeat(1024)}`);
    const answer = await sendRaw(world.url, [postHead([...large, "content-length: 0"])]);
    const refusal = {
      status: 431,
      code: "request_headers_too_large",
      message: /headers are larger than the 61440 bytes/,
    };
    expectRefusal(answer, refusal);
    await expectUnbilled(world, refusal);
  });

  it("serves a request with more headers than Envoy counts by itself", async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`x-many-${index}`, "1"]));
    const answer = await send(world.url, { headers: many, body: withModel("gpt-4o") });
    expect(answer.status, answer.text).to.equal(200);
  });

  for (const [what, head, details] of [
    [
      "a path that cannot be normalized",
      "POST /%00 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
      "path_normalization_failed",
    ],
    ["a request without a host", "GET / HTTP/1.1\r\n\r\n", "missing_host_header"],
  ] as const) {
    it(`answers ${what}, which Envoy refuses before anybody sees it, in JSON`, async () => {
      const answer = await sendRaw(world.url, [head]);
      expectRefusal(answer, { status: 400, code: "invalid_http", message: new RegExp(details) });
    });
  }
});
