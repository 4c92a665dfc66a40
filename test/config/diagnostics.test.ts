import { expect } from "chai";
import { type Diagnostic, renderDiagnostic, renderPath, sortDiagnostics } from "../../src/config/diagnostics.ts";

const at = (file: string, line: number, column = 1): Diagnostic => ({
  severity: "error",
  file,
  line,
  column,
  path: [],
  message: "m",
});

describe("diagnostics", () => {
  it("renders paths as they would be written, with unusual keys quoted", () => {
    expect(renderPath(["spec", "rules", 0, "x-y", "tollgate.dev/zone"])).to.equal(
      'spec.rules[0].x-y["tollgate.dev/zone"]',
    );
  });

  it("renders file:line:column path: message, and the severity of what is no error", () => {
    const diagnostic = { ...at("a.yaml", 3, 7), path: ["spec"], message: "is required" };
    expect(renderDiagnostic(diagnostic)).to.equal("a.yaml:3:7 spec: is required");
    expect(renderDiagnostic({ ...diagnostic, severity: "warning", path: [] })).to.equal(
      "a.yaml:3:7: warning: is required",
    );
  });

  it("sorts by the order of files, then lines, then columns", () => {
    const sorted = sortDiagnostics(
      [at("b", 1), at("a", 2, 9), at("a", 2, 1), at("a", 10), at("c", 1)],
      ["c", "a", "b"],
    );
    expect(sorted.map(({ file, line, column }) => `${file}${line}:${column}`)).to.deep.equal([
      "c1:1",
      "a2:1",
      "a2:9",
      "a10:1",
      "b1:1",
    ]);
  });
});
