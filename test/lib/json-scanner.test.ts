import { expect } from "chai";
import fc from "fast-check";
import { GatewayError } from "../../src/lib/errors.ts";
import {
  arrayElements,
  findValue,
  isJsonObject,
  maxJsonDepth,
  objectMembers,
  rawText,
  scanDocument,
  scanObject,
  stringValue,
} from "../../src/lib/json-scanner.ts";

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function codeOf(action: () => unknown): string | null | undefined {
  try {
    action();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return thrown.code;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Nearly JSON: fragments of it in any order. */
const nearlyJson = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        '"a"',
        '"',
        "\\",
        "\\u00e9",
        "\\uD8",
        "1",
        "-",
        "0",
        ".5",
        "e+",
        "E",
        "01",
      ),
      fc.constantFrom("true", "false", "null", "nul", '"\\n"', '"\\x"', "\u0001", "é", '{"a":1}', "[1,2]"),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

describe("scanDocument", () => {
  it("accepts what JSON.parse accepts, and nothing else", () => {
    fc.assert(
      fc.property(fc.oneof(nearlyJson, fc.json()), (text) => {
        expect(
          codeOf(() => scanDocument(bytesOf(text))),
          text,
        ).to.equal(parses(text) ? undefined : "invalid_json");
      }),
      { numRuns: 3000 },
    );
  });

  it("throws nothing but invalid_json for arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        expect(codeOf(() => scanDocument(bytes))).to.be.oneOf([undefined, "invalid_json"]);
      }),
    );
  });

  it("finds every special character in a string of any length at any alignment", () => {
    for (const special of ['"', "\\", "\u0001", "\n", "\u001f"]) {
      for (let length = 120; length < 150; length++) {
        for (let alignment = 0; alignment < 4; alignment++) {
          const text = `${"x".repeat(length)}${special}`;
          const bytes = bytesOf(`${" ".repeat(alignment)}"${text}"`).subarray(alignment);
          expect(
            codeOf(() => scanDocument(bytes)),
            JSON.stringify([special, length]),
          ).to.equal("invalid_json");
        }
      }
    }
  });

  it("accepts every other character in a long string at any alignment", () => {
    const all = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code + 0x20)).join("");
    for (let padding = 0; padding < 4; padding++) {
      const bytes = bytesOf(JSON.stringify(" ".repeat(padding) + all.replaceAll(/["\\]/g, "").repeat(3)));
      expect(scanDocument(bytes)).to.deep.equal({ start: 0, end: bytes.length });
    }
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(codeOf(() => scanDocument(new Uint8Array([0x22, 0xff, 0x22])))).to.equal("invalid_json");
  });

  it("bounds the nesting", () => {
    const nested = (depth: number) => bytesOf("[".repeat(depth) + "]".repeat(depth));
    expect(codeOf(() => scanDocument(nested(maxJsonDepth)))).to.equal(undefined);
    expect(codeOf(() => scanDocument(nested(maxJsonDepth + 1)))).to.equal("invalid_json");
    expect(codeOf(() => scanDocument(bytesOf("[".repeat(1_000_000))))).to.equal("invalid_json");
    expect(codeOf(() => scanObject(bytesOf(`{"a":${"[".repeat(maxJsonDepth)}${"]".repeat(maxJsonDepth)}}`)))).to.equal(
      "invalid_json",
    );
  });

  it("tells nothing of the text in its message (R170)", () => {
    expect(() => scanDocument(bytesOf('{"password":hunter2}')))
      .to.throw(GatewayError)
      .with.property("message")
      .not.contain("hunter2");
  });
});

describe("scanObject", () => {
  it("accepts what scanDocument accepts and finds the members that JSON.parse finds", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearlyJson,
          fc.json(),
          fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const bytes = bytesOf(text);
          expect(
            codeOf(() => scanObject(bytes)),
            text,
          ).to.equal(codeOf(() => scanDocument(bytes)));
          if (!parses(text)) return;
          const members = scanObject(bytes);
          const value: unknown = JSON.parse(text);
          if (typeof value !== "object" || value === null || Array.isArray(value)) {
            expect(members).to.equal(undefined);
            return;
          }
          const read = members?.map((member) => [member.key, JSON.parse(rawText(bytes, member))] as const);
          expect(Object.fromEntries(read ?? [])).to.deep.equal(value);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("unescapes names and keeps duplicates in order", () => {
    const bytes = bytesOf('{"a\\u0062":1, "ab" : 2}');
    expect(scanObject(bytes)?.map((member) => [member.key, member.keyStart, rawText(bytes, member)])).to.deep.equal([
      ["ab", 1, "1"],
      ["ab", 14, "2"],
    ]);
  });
});

describe("ranges of a checked text", () => {
  const bytes = bytesOf(' {"a":[1.0, {"b":"x\\u00e9\\ud800"}, []], "a":[10,{"b":"last"}]} ');
  const root = scanDocument(bytes);

  it("finds a value by its path, the last of duplicates", () => {
    const range = findValue(bytes, root, ["a", 1, "b"]);
    expect(range && stringValue(bytes, range)).to.equal("last");
    expect(findValue(bytes, root, ["a", 7])).to.equal(undefined);
    expect(findValue(bytes, root, ["a", "b"])).to.equal(undefined);
    expect(findValue(bytes, root, ["x", 0])).to.equal(undefined);
  });

  it("copies values as they were written", () => {
    const first = objectMembers(bytes, root)?.[0];
    if (first === undefined) throw new Error("the first member was not found");
    expect(arrayElements(bytes, first)?.map((element) => rawText(bytes, element))).to.deep.equal([
      "1.0",
      '{"b":"x\\u00e9\\ud800"}',
      "[]",
    ]);
    expect(objectMembers(bytes, first)).to.equal(undefined);
    expect(arrayElements(bytes, root)).to.equal(undefined);
  });
});

describe("isJsonObject", () => {
  it("tells complete objects from everything else", () => {
    expect(["{}", ' {"a":1} '].map(isJsonObject)).to.deep.equal([true, true]);
    expect(["", "[]", "{", '{"a":1}x', "null", '{"a":}'].map(isJsonObject)).to.deep.equal([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
