import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { renderDiagnostics } from "../../../src/config/report.ts";
import { readStandardLimits } from "../../../src/config/standard/read-standard-limits.ts";

const folder = "test/fixtures/config/standard-invalid";

/** Each broken file has its errors beside it: `<name>.expected`, a line each. UPDATE_GOLDEN=1 writes them. */
describe("readStandardLimits, broken files", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

  it("has files to refuse", () => {
    expect(names.length).to.be.greaterThan(12);
  });

  for (const name of names) {
    it(`L17: refuses ${name} and says where, what and what to do`, () => {
      const text = readFileSync(join(folder, name), "utf8");
      const { limits, diagnostics } = readStandardLimits([{ path: name, text, expandEnv: false }]);
      const expected = join(folder, name.replace(/\.yaml$/, ".expected"));
      const errors = `${renderDiagnostics(diagnostics)}\n`;
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(expected, errors);
      expect(errors).to.equal(readFileSync(expected, "utf8"));
      expect(limits).to.equal(undefined);
    });
  }

  it("L17: names the other file of a domain that is there twice, and files that cannot be read", () => {
    const { limits, diagnostics } = readStandardLimits([
      { path: "a.yaml", text: "domain: web", expandEnv: false },
      { path: "b.yaml", text: "\ndomain: web", expandEnv: false },
      { path: "c.yaml", problem: "cannot be read: permission denied" },
    ]);
    expect(limits).to.equal(undefined);
    expect(renderDiagnostics(diagnostics).split("\n")).to.deep.equal([
      "b.yaml:2:9 domain: the domain web is in a.yaml already; put all of it into one file",
      "c.yaml:1:1: cannot be read: permission denied",
    ]);
  });
});
