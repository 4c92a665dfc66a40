import { expect } from "chai";
import fc from "fast-check";
import { ConnectionError, errorCode } from "../../../src/grpc/http2/errors.ts";
import { HpackDecoder } from "../../../src/grpc/http2/hpack-decoder.ts";
import { encodeHeaders } from "../../../src/grpc/http2/hpack-encoder.ts";
import { staticTable } from "../../../src/grpc/http2/static-table.ts";

type Fields = readonly (readonly [name: string, value: string])[];

function decode(decoder: HpackDecoder, block: Buffer): [string, string][] {
  const fields: [string, string][] = [];
  decoder.decode(block, ({ name, value }) => fields.push([name, value]));
  return fields;
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Requests of RFC 7541 C.3 and C.4, answers of C.5 and C.6 are the same fields with and without Huffman. */
const requests: readonly Fields[] = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];

const examples: Readonly<Record<string, readonly string[]>> = {
  "C.3 without Huffman": [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  ],
  "C.4 with Huffman": [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
  ],
};

const singles: readonly (readonly [name: string, block: string, field: readonly [string, string]])[] = [
  [
    "C.2.1, a literal that is remembered",
    "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
    ["custom-key", "custom-header"],
  ],
  ["C.2.2, a literal that is not", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"]],
  ["C.2.3, a literal that never is", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"]],
  ["C.2.4, an index", "82", [":method", "GET"]],
];

/** Any header fields: names in lower case, values of all bytes. */
const anyFields = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(...staticTable.map(({ name }) => name)),
      fc.string({ minLength: 1, maxLength: 40 }).map((text) => Buffer.from(text).toString("latin1").toLowerCase()),
    ),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  ),
  { maxLength: 30 },
);

describe("HpackDecoder", () => {
  for (const [name, block, field] of singles) {
    it(`decodes ${name}`, () => {
      expect(decode(new HpackDecoder(), hex(block))).to.deep.equal([field]);
    });
  }

  for (const [name, blocks] of Object.entries(examples)) {
    it(`decodes the requests of one connection, ${name}`, () => {
      const decoder = new HpackDecoder();
      expect(blocks.map((block) => decode(decoder, hex(block)))).to.deep.equal(requests);
    });
  }

  it("evicts the oldest entries (C.5, with a table of 256 bytes)", () => {
    const decoder = new HpackDecoder();
    const first = `3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133
      3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`.replaceAll(/\s/g, "");
    const date = "Mon, 21 Oct 2013 20:13:21 GMT";
    const rest = [
      ["cache-control", "private"],
      ["date", date],
      ["location", "https://www.example.com"],
    ];
    expect(decode(decoder, hex(first))).to.deep.equal([[":status", "302"], ...rest]);
    expect(decode(decoder, hex("4803 3330 37c1 c0bf"))).to.deep.equal([[":status", "307"], ...rest]);
    // :status 302 is gone: there is no entry 66
    expect(() => decode(decoder, hex("c2"))).to.throw(ConnectionError);
  });

  it("refuses what RFC 7541 calls an error", () => {
    const bad = [
      "80", // index 0
      "be", // an empty table has no entry
      "ff80808080808001", // an integer without end
      "3fe21f", // a table larger than allowed
      "8220", // a size update behind a field
      "400a6375", // cut off
      "0085", // cut off in front of a string
      "000161 81ff", // padding of eight ones
      "000161 8100", // padding of zeros behind a symbol
      "000161 84ffffffff", // the end of string
    ];
    for (const block of bad)
      expect(() => decode(new HpackDecoder(), hex(block)), block)
        .to.throw(ConnectionError)
        .with.property("code", errorCode.compression);
  });

  it("property: decodes what the encoder makes of any fields", () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        expect(decode(new HpackDecoder(), encodeHeaders(fields))).to.deep.equal(fields);
      }),
    );
  });

  it("property: random bytes are fields or a compression error, and take bounded time", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder();
        try {
          for (const block of blocks) decode(decoder, Buffer.from(block));
        } catch (error) {
          expect(error).to.be.instanceOf(ConnectionError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
