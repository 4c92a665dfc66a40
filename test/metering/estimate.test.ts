import { expect } from "chai";
import { estimateInputTokens, tokensOfBytes } from "../../src/metering/estimate.ts";

function estimate(body: unknown): number {
  return estimateInputTokens(Buffer.from(JSON.stringify(body)));
}

describe("estimateInputTokens", () => {
  it("L6: is about a token for four characters", () => {
    const text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
    expect(estimate({ content: text })).to.be.closeTo(text.length / 4, 10);
  });

  it("L6: is 0 for nothing and rounds up", () => {
    expect(estimateInputTokens(new Uint8Array(0))).to.equal(0);
    expect(tokensOfBytes(1)).to.equal(1);
    expect(tokensOfBytes(8)).to.equal(2);
  });

  it("L6: an embedded image counts as one attachment, whatever its size", () => {
    const image = (bytes: number) => `data:image/png;base64,${Buffer.alloc(bytes, 0xa7).toString("base64")}`;
    const small = estimate({ text: "what is this?", url: image(3_000) });
    expect(estimate({ text: "what is this?", url: image(3_000_000) })).to.equal(small);
    expect(small).to.be.within(1_000, 1_050);
    expect(estimate({ urls: [image(3_000), image(5_000)] })).to.be.within(2_000, 2_050);
  });

  it("L6: long text without spaces is text, in languages that are written so", () => {
    const text = "今日はとても良い天気ですね。".repeat(200);
    expect(estimate({ content: text })).to.be.at.least(Buffer.byteLength(text) / 4);
  });

  it("L6: long text of words is text", () => {
    expect(estimate({ content: "word ".repeat(1_000) })).to.be.at.least(1_250);
  });

  it("takes another ratio for text, and none for attachments", () => {
    const image = `data:image/png;base64,${Buffer.alloc(9_000, 0xa7).toString("base64")}`;
    const body = Buffer.from(JSON.stringify({ text: "a ".repeat(6_000), image }));
    expect(estimateInputTokens(body, 3)).to.be.closeTo(4_000 + 1_000, 20);
    expect(estimateInputTokens(body, 6)).to.be.closeTo(2_000 + 1_000, 20);
  });

  it("takes a body with very many strings to be like its beginning, and does not look at all of it", () => {
    const strings = Array.from({ length: 400_000 }, () => "abc");
    const body = Buffer.from(JSON.stringify(strings));
    let looks = 0;
    const watched = new Proxy(body, {
      get: (target, name) => {
        if (name !== "indexOf") return Reflect.get(target, name) as unknown;
        looks++;
        return target.indexOf.bind(target);
      },
    });
    expect(estimateInputTokens(watched)).to.be.closeTo((strings.length * 4) / 4, 5_000);
    expect(looks).to.be.at.most(16_384);
  });

  it("takes a body with very many attachments to be like its beginning", () => {
    const image = Buffer.alloc(1_500, 0xa7).toString("base64");
    const images = estimate(Array.from({ length: 2_000 }, () => image));
    expect(images).to.be.closeTo(2_000 * 1_000, 20_000);
  });
});
