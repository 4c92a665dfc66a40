import { expect } from "chai";
import fc from "fast-check";
import {
  applyEdits,
  replaceModel,
  setTopLevelMember,
  streamOptionsWithUsage,
  topLevelEdits,
} from "../../src/lib/json-edit.ts";
import { type JsonMember, scanObject } from "../../src/lib/json-scanner.ts";

function edit(text: string, change: (raw: Uint8Array, members: readonly JsonMember[]) => Uint8Array): string {
  const raw = Buffer.from(text);
  return Buffer.from(change(raw, scanObject(raw) ?? [])).toString();
}

function withModel(text: string, name: string): string {
  return edit(text, (raw, members) => replaceModel(raw, members, name));
}

function withForcedUsage(text: string): string {
  return edit(text, (raw, members) =>
    applyEdits(raw, topLevelEdits(raw, members, { stream_options: streamOptionsWithUsage(raw, members) })),
  );
}

const space = fc.constantFrom("", " ", "\n\t");

/** Objects with members as text, so that spelling that JSON.stringify never writes is there too. */
const objectText = fc
  .array(
    fc.tuple(
      space,
      fc.constantFrom('"model"', '"m\\u006fdel"', '"messages"', '"models"', '"x"'),
      space,
      fc.constantFrom(
        '"old"',
        "null",
        "1.0",
        "12345678901234567890",
        '{"model":"nested"}',
        '[{"model":1}]',
        '"\\ud800"',
      ),
    ),
    { maxLength: 6 },
  )
  .map(
    (members) =>
      `{${members.map(([before, key, after, value]) => `${before}${key}${after}:${before}${value}${after}`).join(",")} }\n`,
  );

describe("replaceModel", () => {
  it("changes the bytes of the value and nothing else (R2)", () => {
    const text = '{ "b":1.0,\n"model" : "old" ,"n":12345678901234567890,"b":1e3}';
    expect(withModel(text, "new")).to.equal(text.replace('"old"', '"new"'));
  });

  it("replaces every top-level occurrence, also escaped, and no nested one (R3)", () => {
    expect(withModel('{"m\\u006fdel":"a","x":{"model":"b"},"model":null}', "n")).to.equal(
      '{"m\\u006fdel":"n","x":{"model":"b"},"model":"n"}',
    );
  });

  it("inserts right after the opening brace when there is none (R4)", () => {
    expect(withModel(' {"a":1}', "x")).to.equal(' {"model":"x","a":1}');
    expect(withModel("{}", "x")).to.equal('{"model":"x"}');
    expect(withModel("{ }", "x")).to.equal('{"model":"x" }');
  });

  it("gives what parsing and replacing gives, with all other bytes equal, for any object and name", () => {
    fc.assert(
      fc.property(objectText, fc.string({ unit: "grapheme" }), (text, name) => {
        const edited = withModel(text, name);
        expect(JSON.parse(edited)).to.deep.equal({ ...JSON.parse(text), model: name });
        if (scanObject(Buffer.from(text))?.some((member) => member.key === "model")) {
          // blot out the values of all models: what is left must be the same
          expect(withModel(edited, "")).to.equal(withModel(text, ""));
          expect(edited.replaceAll(JSON.stringify(name), "").length).to.be.at.most(text.length);
        } else {
          expect(edited.replace(/^\{"model":("(?:[^"\\]|\\.)*"),?/, "{")).to.equal(text);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("does not change its input (R16)", () => {
    const raw = Buffer.from('{"model":"a"}');
    replaceModel(raw, scanObject(raw) ?? [], "b");
    expect(raw.toString()).to.equal('{"model":"a"}');
  });
});

describe("setTopLevelMember", () => {
  it("replaces or inserts any member with JSON as it is given", () => {
    expect(edit('{"a":[1, 2],"b":1}', (raw, members) => setTopLevelMember(raw, members, "a", '{"x":1.0}'))).to.equal(
      '{"a":{"x":1.0},"b":1}',
    );
    expect(edit('{"b":1}', (raw, members) => setTopLevelMember(raw, members, 'q"', "null"))).to.equal(
      '{"q\\"":null,"b":1}',
    );
  });

  it("inserts several members in one go", () => {
    expect(edit("{}", (raw, members) => applyEdits(raw, topLevelEdits(raw, members, { a: "1", b: "2" })))).to.equal(
      '{"a":1,"b":2}',
    );
  });
});

describe("streamOptionsWithUsage", () => {
  for (const [before, after] of [
    ['{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream_options":null}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options": {} }', '{"stream_options": {"include_usage":true} }'],
    ['{"stream_options":{"include_usage":false}}', '{"stream_options":{"include_usage":true}}'],
    [
      '{"stream_options":{ "include_obfuscation":false}}',
      '{"stream_options":{"include_usage":true, "include_obfuscation":false}}',
    ],
    [
      '{"stream_options":{"include_usage":null,"a":1.0,"include_usage":0}}',
      '{"stream_options":{"include_usage":true,"a":1.0,"include_usage":true}}',
    ],
  ] as const) {
    it(`asks for usage in ${before} (R6)`, () => {
      expect(withForcedUsage(before)).to.equal(after);
    });
  }

  it("refuses stream_options that is no object, with its path (R168)", () => {
    expect(() => withForcedUsage('{"stream_options":[1]}'))
      .to.throw()
      .with.property("param", "stream_options");
  });
});
