import { expect } from "chai";
import fc from "fast-check";
import { JsonView } from "../../../src/providers/common/json-view.ts";

function view(text: string): JsonView {
  return JsonView.document(text, JSON.parse(text));
}

describe("JsonView", () => {
  it("names values by their path", () => {
    const root = view('{"messages":[{"content":[{"text":"a"}]}]}');
    const part = root.member("messages").elements?.[0]?.member("content").elements?.[0];
    expect(part?.path).to.equal("messages[0].content[0]");
    expect(part?.member("text").path).to.equal("messages[0].content[0].text");
    expect(part?.member("text").string).to.equal("a");
  });

  it("gives a view of nothing for what is not there", () => {
    const absent = view('{"a":1}').member("b").member("c");
    expect(absent.path).to.equal("b.c");
    expect(absent.value).to.equal(undefined);
    expect(absent.told).to.equal(false);
    expect(absent.elements).to.equal(undefined);
    expect(absent.names).to.deep.equal([]);
  });

  it("does not take inherited properties for members", () => {
    expect(view("{}").member("constructor").told).to.equal(false);
    expect(view('{"__proto__":1}').member("__proto__").number).to.equal(1);
  });

  it("copies values byte for byte (R73)", () => {
    const root = view('{ "a" : [ 1.0, {"z":1e400, "a":12345678901234567890 , "a":"\\u0041\\/"} ] }');
    const second = root.member("a").elements?.[1];
    expect(second?.raw.text).to.equal('{"z":1e400, "a":12345678901234567890 , "a":"\\u0041\\/"}');
    expect(root.member("a").elements?.[0]?.raw.text).to.equal("1.0");
  });

  it("reads the last of members written twice, escaped names included", () => {
    const root = view('{"a":1,"\\u0061":2.0}');
    expect(root.member("a").value).to.equal(2);
    expect(root.member("a").raw.text).to.equal("2.0");
  });

  it("does not take infinity for a number", () => {
    expect(view('{"a":1e400}').member("a").number).to.equal(undefined);
  });

  it("finds for every value text that parses to it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
        const visit = (node: JsonView): void => {
          expect(JSON.parse(node.raw.text)).to.deep.equal(node.value);
          for (const name of node.names) visit(node.member(name));
          for (const element of node.elements ?? []) visit(element);
        };
        visit(view(JSON.stringify(value, undefined, indent)));
      }),
      { numRuns: 100 },
    );
  });
});
