import { expect } from "chai";
import fc from "fast-check";
import type { Authenticator, SignableRequest } from "../../src/core/auth.ts";
import { type HeaderPatch, Headers } from "../../src/core/headers.ts";
import type { HeaderMutation } from "../../src/core/runtime-config.ts";
import type { UpstreamRequest } from "../../src/core/translator.ts";
import { chatEndpoint } from "../../src/endpoints/chat.ts";
import {
  type AttemptTools,
  finishAttempt,
  headersAfter,
  prepareAttempt,
  prepareBounded,
} from "../../src/extproc/attempt.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { fromChat } from "../../src/providers/openai/from-chat.ts";
import { makeBackend, makeRef, makeRequest } from "../planning/support.ts";
import { makeTranslator } from "./support.ts";

const request = makeRequest("gpt-4o");

function makeTools(authenticator: Authenticator = { headers: () => Promise.resolve({}) }): AttemptTools {
  return {
    translatorFor: () => () => makeTranslator(),
    authenticatorFor: () => authenticator,
    hostHeader: ({ endpoint }) => endpoint.hostname,
    nowMs: () => 1_000,
    newId: (prefix) => `${prefix}1`,
  };
}

function planned(ofBackend?: HeaderMutation, ofRoute?: HeaderMutation) {
  const backend = makeBackend("ai/openai", { headerMutation: ofBackend });
  return { backend, ref: makeRef("ai/openai", { headerMutation: ofRoute }), model: "m" };
}

function finish(
  clientHeaders: Headers,
  {
    upstream = {},
    tools = makeTools(),
    ofBackend,
    ofRoute,
  }: {
    readonly upstream?: Partial<UpstreamRequest>;
    readonly tools?: AttemptTools;
    readonly ofBackend?: HeaderMutation;
    readonly ofRoute?: HeaderMutation;
  } = {},
) {
  const whole: UpstreamRequest = {
    path: "/v1/messages",
    headers: { set: {}, remove: [] },
    body: undefined,
    warnings: [],
    ...upstream,
  };
  const prepared = { planned: planned(ofBackend, ofRoute), request, translator: makeTranslator(), upstream: whole };
  return finishAttempt(prepared, clientHeaders, tools);
}

/** What Envoy's header map holds after a patch. */
function apply(map: ReadonlyMap<string, string>, { set, remove }: HeaderPatch): Map<string, string> {
  const result = new Map(map);
  for (const name of remove) result.delete(name);
  for (const [name, value] of Object.entries(set)) result.set(name, value);
  return result;
}

describe("prepareAttempt", () => {
  it("is 422 when the backend's schema cannot serve the endpoint", () => {
    const tools = { ...makeTools(), translatorFor: () => undefined };
    expect(() => prepareAttempt(planned(), request, new Headers(), tools))
      .to.throw(GatewayError, "ai/openai")
      .that.includes({ code: "unsupported_pair", status: 422 });
  });
});

describe("finishAttempt", () => {
  const credentials = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "x-amz-security-token",
    "x-amz-date",
    "anthropic-beta",
    "openai-organization",
    "x-stainless-lang",
    "content-encoding",
  ];

  for (const name of credentials) {
    it(`R23: a client's ${name} reaches no provider`, async () => {
      const client = new Headers([
        [name.toUpperCase(), "the client's"],
        ["x-user-id", "ada"],
      ]);
      const { headers } = await finish(client);
      expect(headers.remove).to.include(name).and.not.include("x-user-id");
      expect(headers.set).to.not.have.property(name);
    });
  }

  it("R23: the backend's own credential takes the place of the client's, and is not removed again", async () => {
    const tools = makeTools({ headers: () => Promise.resolve({ authorization: "Bearer backend" }) });
    const { headers } = await finish(new Headers([["authorization", "Bearer client"]]), { tools });
    expect(headers.set["authorization"]).to.equal("Bearer backend");
    expect(headers.remove).to.not.include("authorization");
  });

  it("R19: content-length is the bytes of the body that is sent", async () => {
    const body = Buffer.from('{"text":"žluťoučký"}');
    expect((await finish(new Headers(), { upstream: { body } })).headers.set["content-length"]).to.equal(
      String(body.length),
    );
    expect((await finish(new Headers())).headers.set["content-length"]).to.equal(String(request.raw.length));
  });

  it("R33: asks for an answer that is not compressed", async () => {
    expect((await finish(new Headers([["accept-encoding", "gzip"]]))).headers.set["accept-encoding"]).to.equal(
      "identity",
    );
  });

  it("R22: signs the finished request: after the mutations, over the body that is sent", async () => {
    let signed: SignableRequest | undefined;
    const tools = makeTools({
      headers: (given) => {
        signed = given;
        return Promise.resolve({ authorization: "signature" });
      },
    });
    const upstream = {
      path: "/model/m%3A0/converse",
      body: Buffer.from("{}"),
      headers: { set: { "content-type": "application/json" }, remove: [] },
    };
    const ofRoute = { set: [{ name: "content-type", value: "application/x-special" }], remove: [] };
    const { headers } = await finish(new Headers(), { upstream, tools, ofRoute });
    expect(signed).to.deep.equal({
      method: "POST",
      host: "api.openai.com",
      path: "/model/m%3A0/converse",
      contentType: "application/x-special",
      body: upstream.body,
      nowMs: 1_000,
    });
    expect(headers.set).to.include({ ":path": "/model/m%3A0/converse", authorization: "signature" });
  });

  it("mutations of the backend come before those of the route, and set beats an earlier remove", async () => {
    const { headers } = await finish(new Headers([["x-trace", "client"]]), {
      ofBackend: {
        set: [
          { name: "x-a", value: "backend" },
          { name: "x-b", value: "backend" },
        ],
        remove: ["x-trace"],
      },
      ofRoute: {
        set: [
          { name: "x-a", value: "route" },
          { name: "x-trace", value: "route" },
        ],
        remove: ["x-b"],
      },
    });
    expect(headers.set).to.include({ "x-a": "route", "x-trace": "route" });
    expect(headers.set).to.not.have.property("x-b");
    expect(headers.remove).to.include("x-b").and.not.include("x-trace");
  });

  it("no name is both set and removed", async () => {
    const upstream = {
      headers: { set: { "anthropic-version": "2023-06-01" }, remove: ["anthropic-version", "x-gone"] },
    };
    const { headers } = await finish(new Headers([["anthropic-version", "client"]]), { upstream });
    expect(headers.set["anthropic-version"]).to.equal("2023-06-01");
    expect(headers.remove).to.deep.equal(["x-gone"]);
  });

  it("passes on what the authenticator throws", async () => {
    const error = new GatewayError("upstream_authentication", "no credentials");
    const thrown = await finish(new Headers(), { tools: makeTools({ headers: () => Promise.reject(error) }) }).catch(
      (one: unknown) => one,
    );
    expect(thrown).to.equal(error);
  });
});

describe("headersAfter", () => {
  it("R24: nothing that attempt 1 set is left in attempt 2", () => {
    const patch = headersAfter(
      ["authorization", "anthropic-version", "accept", ":path"],
      { set: { ":path": "/v1", accept: "a" }, remove: [] },
      new Headers(),
    );
    expect(patch).to.deep.equal({
      set: { ":path": "/v1", accept: "a" },
      remove: ["authorization", "anthropic-version"],
    });
  });

  it("R24: the client's own values are restored, unless this attempt removes them", () => {
    const client = new Headers([
      ["x-trace", "1"],
      ["x-trace", "2"],
      ["authorization", "Bearer client"],
    ]);
    const patch = headersAfter(["x-trace", "authorization"], { set: {}, remove: ["authorization"] }, client);
    expect(patch).to.deep.equal({ set: { "x-trace": "1, 2" }, remove: ["authorization"] });
  });

  it("R24: a header that attempt 1 removed comes back for attempt 2", () => {
    const client = new Headers([["x-trace", "1"]]);
    expect(headersAfter(["x-trace"], { set: {}, remove: [] }, client).set).to.deep.equal({ "x-trace": "1" });
  });

  it("R23, R24: property: after any attempts the map is what the last one alone would have made", async () => {
    const name = fc.constantFrom("authorization", "x-api-key", "x-amz-date", "anthropic-beta", "x-a", "x-b", "x-c");
    const value = fc.constantFrom("1", "2", "3");
    const mutation = fc.record({
      set: fc.array(fc.record({ name, value }), { maxLength: 3 }),
      remove: fc.array(name, { maxLength: 2 }),
    });
    const attempt = fc.record({
      ofRoute: mutation,
      secret: fc.dictionary(name, value, { maxKeys: 2, noNullPrototype: true }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, value, { noNullPrototype: true }),
        fc.array(attempt, { minLength: 1, maxLength: 4 }),
        async (sent, attempts) => {
          const client = new Headers(Object.entries(sent));
          const touched = new Set<string>();
          let map = new Map<string, string>(Object.entries(sent));
          let alone = map;
          for (const { ofRoute, secret } of attempts) {
            const tools = makeTools({ headers: () => Promise.resolve(secret) });
            const { headers } = await finish(client, { tools, ofRoute });
            map = apply(map, headersAfter(touched, headers, client));
            alone = apply(new Map<string, string>(Object.entries(sent)), headers);
            for (const one of [...Object.keys(headers.set), ...headers.remove]) touched.add(one);
          }
          expect(Object.fromEntries(map)).to.deep.equal(Object.fromEntries(alone));
        },
      ),
    );
  });
});

describe("prepareBounded", () => {
  /** What is sent in the end: the body's members, and the warnings. */
  function sent(body: object, outputLimitMember?: string) {
    const asked = chatEndpoint.parse(Buffer.from(JSON.stringify({ model: "m", ...body })), new Headers());
    const backend = makeBackend("ai/b", { options: { outputLimitMember } });
    const { request: made, upstream } = prepareBounded(
      { backend, ref: makeRef("ai/b"), model: "m" },
      asked,
      new Headers(),
      chatEndpoint,
      { ...makeTools(), translatorFor: () => fromChat },
    );
    const { model, ...members } = JSON.parse(Buffer.from(made.raw).toString());
    return { members, warnings: upstream.warnings, most: upstream.maxOutputTokens };
  }

  it("sends the model's maximum along where the client named none, by the name that the backend knows (L31)", () => {
    const told = { warnings: ["max_tokens_defaulted"], most: 4_096 };
    expect(sent({})).to.deep.equal({ ...told, members: { max_tokens: 4_096 } });
    expect(sent({}, "max_completion_tokens")).to.deep.equal({ ...told, members: { max_completion_tokens: 4_096 } });
    expect(sent({ max_tokens: null, n: 3 })).to.deep.include({ members: { max_tokens: 4_096, n: 3 }, most: 3 * 4_096 });
  });

  it("leaves the client's own maximum alone", () => {
    const members = { max_completion_tokens: 10 };
    expect(sent(members)).to.deep.equal({ members, warnings: [], most: 10 });
    expect(sent({ max_tokens: 10 }, "max_completion_tokens").members).to.deep.equal({ max_tokens: 10 });
  });

  it("says it once more by the older name to a provider that would overlook the newer one (L31)", () => {
    expect(sent({ max_completion_tokens: 10 }, "max_tokens")).to.deep.include({
      members: { max_tokens: 10, max_completion_tokens: 10 },
      most: 10,
    });
  });

  it("counts the larger of two maximums: the provider chooses (L31)", () => {
    const members = { max_completion_tokens: 10, max_tokens: 5_000 };
    for (const member of [undefined, "max_tokens", "max_completion_tokens"])
      expect(sent(members, member)).to.deep.include({ members, most: 5_000 });
  });
});
