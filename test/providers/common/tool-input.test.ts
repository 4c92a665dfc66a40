import { expect } from "chai";
import fc from "fast-check";
import { utf8Bytes } from "../../../src/lib/bytes.ts";
import { stringifyRaw } from "../../../src/lib/raw-json.ts";
import { toolInput } from "../../../src/providers/common/tool-input.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";

function sent(argumentsText: string, warnings = new Warnings()): string {
  return stringifyRaw(toolInput(argumentsText, warnings));
}

describe("toolInput", () => {
  it("splices a JSON object byte for byte (R73)", () => {
    for (const text of ['{ "z":1.0,"a":12345678901234567890 }', '{"a":1,"a":2}', '{"s":"\\u00e9\\/é😀"}', "{}"]) {
      const warnings = new Warnings();
      expect(sent(text, warnings)).to.equal(text);
      expect(warnings.codes).to.deep.equal([]);
    }
  });

  it("makes {} of blank text (R75)", () => {
    expect(sent("")).to.equal("{}");
    expect(sent(" \n\t")).to.equal("{}");
  });

  it("wraps and reports what is no JSON object (R75)", () => {
    for (const text of ['{"a":', "[1]", '"x"', "null", "1", "{} {}", "{'a':1}", "[".repeat(100_000)]) {
      const warnings = new Warnings();
      expect(JSON.parse(sent(text, warnings))).to.deep.equal({ _invalid_arguments: text });
      expect(warnings.codes).to.deep.equal(["tool_arguments_wrapped"]);
    }
  });

  it("keeps lone surrogates as escapes, so that UTF-8 can carry them (R55)", () => {
    const text = '{"s":"\ud800 😀 \udc00"}';
    expect(sent(text)).to.equal('{"s":"\\ud800 😀 \\udc00"}');
    expect(JSON.parse(Buffer.from(utf8Bytes(sent(text))).toString())).to.deep.equal(JSON.parse(text));
  });

  it("always gives one JSON object, whatever the client sent", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        const value = JSON.parse(Buffer.from(utf8Bytes(sent(text))).toString());
        expect(value).to.be.an("object");
      }),
    );
  });
});
