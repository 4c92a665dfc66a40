import { expect } from "chai";
import { parse } from "../../src/config/parse.ts";
import { Report } from "../../src/config/report.ts";

function documentOf(text: string) {
  const report = new Report(false);
  const [document] = parse("a.yaml", text, true, report);
  if (document === undefined) throw new Error(JSON.stringify(report.diagnostics));
  return document;
}

describe("parse", () => {
  const text = "a: 1\nlist:\n  - name: x\n    value: |\n      text\n  - name: y\nempty:\nflow: {deep: [1, 2]}\n";

  it("locates values, list items and keys by line and column", () => {
    const { locate } = documentOf(text);
    expect(locate(["a"])).to.deep.equal({ line: 1, column: 4 });
    expect(locate(["a"], "key")).to.deep.equal({ line: 1, column: 1 });
    expect(locate(["list", 1])).to.deep.equal({ line: 6, column: 5 });
    expect(locate(["list", 1, "name"])).to.deep.equal({ line: 6, column: 11 });
    expect(locate(["flow", "deep", 1])).to.deep.equal({ line: 8, column: 18 });
  });

  it("locates a map or list at its key", () => {
    expect(documentOf(text).locate(["list"])).to.deep.equal({ line: 2, column: 1 });
  });

  it("locates what was not written at the nearest thing that was", () => {
    const { locate } = documentOf(text);
    expect(locate(["list", 0, "missing", "deeper"])).to.deep.equal({ line: 3, column: 5 });
    expect(locate(["list", 7])).to.deep.equal({ line: 2, column: 1 });
    expect(locate(["empty", "x"])).to.deep.equal({ line: 7, column: 1 });
  });

  it("follows aliases to where the value stands", () => {
    const document = documentOf("base: &b {port: 80}\nuse: *b\n");
    expect(document.value).to.deep.equal({ base: { port: 80 }, use: { port: 80 } });
    expect(document.locate(["use", "port"])).to.deep.equal({ line: 1, column: 17 });
  });

  it("gives each document of a file its own lines, and leaves empty ones out", () => {
    const documents = parse("a.yaml", "# nothing\n---\na: 1\n---\n---\nb: 2\n", true, new Report(false));
    expect(documents.map(({ value }) => value)).to.deep.equal([{ a: 1 }, { b: 2 }]);
    expect(documents[1]?.locate(["b"])).to.deep.equal({ line: 6, column: 4 });
  });

  it("refuses documents that grow without bound", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [name, of] of ["ba", "cb", "dc", "ed", "fe"].map((pair) => [...pair]))
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${of}`).join(", ")}]`);
    const report = new Report(false);
    expect(parse("a.yaml", bomb.join("\n"), true, report)).to.deep.equal([]);
    expect(report.failed).to.equal(true);
  });

  it("refuses documents that are nested without bound", () => {
    const report = new Report(false);
    expect(parse("a.yaml", `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`, true, report)).to.deep.equal([]);
    expect(report.diagnostics[0]?.message).to.equal("is not valid YAML: it is nested too deeply");
  });
});
