import { expect } from "chai";
import { JsonView } from "../../../src/providers/common/json-view.ts";
import { readThinkingBlocks } from "../../../src/providers/common/thinking.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";

function read(text: string) {
  const warnings = new Warnings();
  const blocks = readThinkingBlocks(JsonView.document(text, JSON.parse(text)), warnings);
  return { blocks, codes: warnings.codes };
}

describe("readThinkingBlocks", () => {
  it("keeps text, signature and redacted data byte for byte (R98, R100)", () => {
    const { blocks, codes } = read(
      '[{"signature":"Eq\\/+==","thinking":"caf\\u00e9","type":"thinking"},{"type":"redacted_thinking","data":"AA\\/="}]',
    );
    const [thinking, redacted] = blocks;
    expect(thinking?.type === "thinking" && thinking.thinking.text).to.equal('"caf\\u00e9"');
    expect(thinking?.type === "thinking" && thinking.signature.text).to.equal('"Eq\\/+=="');
    expect(redacted?.type === "redacted_thinking" && redacted.data.text).to.equal('"AA\\/="');
    expect(codes).to.deep.equal([]);
  });

  it("keeps signed blocks with hidden text", () => {
    expect(read('[{"type":"thinking","thinking":"","signature":"S"}]').blocks).to.have.length(1);
  });

  it("removes foreign and unsigned blocks with a warning each (R99)", () => {
    const { blocks, codes } = read(
      '[{"type":"thinking","thinking":"a","signature":"tg1.gemini.x"},{"type":"thinking","thinking":"b","signature":""},{"type":"thinking","thinking":"c"},{"type":"thinking","thinking":"d","signature":"tg1.openai."}]',
    );
    expect(blocks).to.deep.equal([]);
    expect(codes).to.deep.equal(["foreign_thinking_dropped", "unsigned_thinking_dropped"]);
  });

  it("reports blocks of other types", () => {
    expect(read('[{"type":"glow"}]').codes).to.deep.equal(["dropped:thinking_blocks"]);
  });
});
