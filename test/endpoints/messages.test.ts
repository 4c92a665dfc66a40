import { expect } from "chai";
import { Headers } from "../../src/core/headers.ts";
import { endpoints } from "../../src/endpoints/index.ts";
import { messagesEndpoint } from "../../src/endpoints/messages.ts";
import { GatewayError } from "../../src/lib/errors.ts";

function parse(body: string) {
  return messagesEndpoint.parse(Buffer.from(body), new Headers([["content-type", "application/json"]]));
}

describe("messagesEndpoint", () => {
  it("is in the registry, under the prefix of its vendor", () => {
    expect(endpoints).to.include(messagesEndpoint);
    expect(messagesEndpoint).to.include({ prefix: "anthropic", path: "/v1/messages", method: "POST" });
  });

  it("reads what routing and metering need, and keeps the bytes", () => {
    const body = '{"model":"m", "max_tokens":12,"stream":true,"service_tier":"auto"}';
    const request = parse(body);
    expect(request).to.deep.include({
      api: "messages",
      model: "m",
      stream: true,
      includeUsage: true,
      maxOutputTokens: 12,
      choices: 1,
      serviceTier: "auto",
    });
    expect(Buffer.from(request.raw).toString()).to.equal(body);
  });

  it("takes roles, blocks and members that it does not know (R5)", () => {
    expect(parse('{"messages":[{"role":"future","content":[{"type":"hologram"}]}],"n":5}').choices).to.equal(1);
  });

  it("refuses a member of the wrong type by its path (R168)", () => {
    expect(() => parse('{"model":1}'))
      .to.throw(GatewayError)
      .with.property("param", "model");
  });

  it("adds a maximum under this API's own name, whatever the backend calls it (L31)", () => {
    const limited = messagesEndpoint.withOutputLimit(
      parse('{"model":"m","max_tokens":null}'),
      99,
      "max_completion_tokens",
    );
    expect(Buffer.from(limited.raw).toString()).to.equal('{"model":"m","max_tokens":99}');
    expect(limited.maxOutputTokens).to.equal(99);
    expect(limited.body()).to.deep.equal({ model: "m", max_tokens: 99 });
  });

  it("knows the last event of a stream, with every line end", () => {
    expect(
      messagesEndpoint.lastEvent.test('data: {}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'),
    ).to.equal(true);
    expect(messagesEndpoint.lastEvent.test("\r\n\r\nevent:message_stop\r\n")).to.equal(true);
    expect(
      messagesEndpoint.lastEvent.test('event: content_block_delta\ndata: {"text":"event: message_stop"}'),
    ).to.equal(false);
  });
});
