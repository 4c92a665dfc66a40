import { expect } from "chai";
import { Headers } from "../../../src/core/headers.ts";
import { messagesEndpoint } from "../../../src/endpoints/messages.ts";
import { InputTokens } from "../../../src/metering/tokens/input-bound.ts";

const tokens = new InputTokens({ nowMs: () => 0, onNextTurn: setImmediate, onVocabularyLost: () => {} });

/** The bound of a message of these blocks; the body may be written by hand. */
async function most(content: unknown): Promise<number> {
  const body = typeof content === "string" ? content : JSON.stringify({ messages: [{ role: "user", content }] });
  const request = messagesEndpoint.parse(Buffer.from(body), new Headers());
  return (await tokens.bound(request, "anthropic", "claude-sonnet-4-20250514")).most;
}

const picture = `iVBORw0KGgo${"A".repeat(100_000)}`;
const perPicture = 5_000;

describe("input tokens of messages requests (L31)", () => {
  it("count a picture as one, whatever the order of its members", async () => {
    const source = { type: "base64", media_type: "image/png", data: picture };
    const turned = { data: picture, media_type: "image/png", type: "base64" };
    for (const written of [source, turned]) {
      expect(await most([{ type: "image", source: written }])).to.be.within(perPicture, perPicture + 300);
    }
    expect(await most([{ type: "image", source: { type: "url", url: "https://x.test/a.png" } }])).to.be.within(
      perPicture,
      perPicture + 300,
    );
  });

  it("count pictures in the results of calls", async () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/jpeg", data: `/9j/${picture}` } };
    expect(await most([{ type: "tool_result", tool_use_id: "t", content: [image] }])).to.be.below(perPicture + 400);
  });

  it("count a document by its bytes, one that is only named by as much as can be read", async () => {
    const data = "JVBERi0x".repeat(1_000);
    const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data } };
    expect(await most([pdf])).to.be.within(8_000 + perPicture, 8_300 + perPicture);
    expect(await most([{ type: "document", source: { type: "url", url: "https://x.test/a.pdf" } }])).to.be.above(
      200_000,
    );
    expect(await most([{ type: "image", source: { type: "file", file_id: "file_1" } }])).to.be.above(200_000);
  });

  it("take nothing for a picture that may be text: another type, two types, the input of a call", async () => {
    const text = { type: "text", media_type: "text/plain", data: picture };
    expect(await most([{ type: "document", source: text }])).to.be.above(100_000);
    const twice = `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","type":"text","data":"${picture}"}}]}]}`;
    expect(await most(twice)).to.be.above(100_000);
    const input = { source: { type: "base64", data: picture }, image_url: `data:image/png;base64,${picture}` };
    expect(await most([{ type: "tool_use", id: "t", name: "n", input }])).to.be.above(200_000);
  });

  it("count the names and the blanks in the input of a call, which a model may be shown", async () => {
    const input = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a rather long name ${index}`, 1]));
    const spaced = `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{${" ".repeat(5_000)}}}]}]}`;
    expect(await most(spaced)).to.be.above(5_000);
    const named = await most([{ type: "tool_use", id: "t", name: "n", input }]);
    expect(named - (await most([{ type: "tool_use", id: "t", name: "n", input: {} }]))).to.be.above(2_000);
  });
});
