import { expect } from "chai";
import fc from "fast-check";
import { GatewayError } from "../../../src/lib/errors.ts";
import { isDataUri, parseDataUri, textOfDataUri, urlExtension } from "../../../src/providers/common/data-uri.ts";

describe("parseDataUri", () => {
  const cases: readonly [string, string, string, string][] = [
    ["a plain one", "data:image/png;base64,iVBORw0K", "image/png", "iVBORw0K"],
    ["parameters (R54)", 'data:image/PNG;charset=utf-8;name="a";base64,iVBORw0K', "image/png", "iVBORw0K"],
    ["upper-case scheme and marker", "DATA:image/png;BASE64,iVBORw0K", "image/png", "iVBORw0K"],
    ["percent-encoding (R54)", "data:text/plain,h%C3%A9%20%zz", "text/plain", Buffer.from("hé %zz").toString("base64")],
    ["characters outside ASCII", "data:text/plain,é", "text/plain", Buffer.from("é").toString("base64")],
    ["an empty type", "data:,x", "text/plain", "eA=="],
    ["an empty type with base64", "data:;base64,eA==", "text/plain", "eA=="],
    ["white space", "data:image/png;base64,iVBO\r\n Rw0K", "image/png", "iVBORw0K"],
    ["the URL-safe alphabet", "data:image/png;base64,-_-_", "image/png", "+/+/"],
    ["missing padding", "data:image/png;base64,eA", "image/png", "eA=="],
    ["no data", "data:image/png;base64,", "image/png", ""],
  ];
  for (const [what, uri, mediaType, base64] of cases) {
    it(`reads ${what}`, () => expect(parseDataUri(uri, "p")).to.deep.equal({ mediaType, base64 }));
  }

  for (const uri of [
    "data:image/png;base64",
    "data:image/png;base64,a",
    "data:image/png;base64,a%3D",
    "data:image/png;base64,é",
  ]) {
    it(`refuses ${uri} and names the path (R168)`, () => {
      expect(() => parseDataUri(uri, "messages[0].content[1]"))
        .to.throw(GatewayError, "messages[0].content[1]")
        .with.property("code", "invalid_data_uri");
    });
  }

  it("gives back any bytes, percent-encoded or not", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const wellFormed = Buffer.from(text, "utf8").toString("utf8");
        expect(textOfDataUri(parseDataUri(`data:,${encodeURIComponent(wellFormed)}`, "p"))).to.equal(wellFormed);
        const base64 = Buffer.from(wellFormed).toString("base64");
        expect(textOfDataUri(parseDataUri(`data:;base64,${base64}`, "p"))).to.equal(wellFormed);
      }),
    );
  });
});

describe("isDataUri", () => {
  it("ignores the case of the scheme", () => {
    expect(["data:,", "DATA:,", "https://x/data:", "datax"].map(isDataUri)).to.deep.equal([true, true, false, false]);
  });
});

describe("urlExtension", () => {
  it("looks at the path only (R89)", () => {
    expect(urlExtension("https://h.png/a/b.PDF?x=y.gif#z.jpg")).to.equal("pdf");
    expect(urlExtension("https://host.pdf")).to.equal("");
    expect(urlExtension("https://host.pdf?x.png")).to.equal("");
    expect(urlExtension("https://host/v1.0/file")).to.equal("");
  });
});
