import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { configureText, messages } from "./support.ts";

const folder = "test/fixtures/config/invalid";

/** Each broken file has its errors beside it: `<name>.expected`, a line each. UPDATE_GOLDEN=1 writes them. */
describe("configure, broken files", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

  it("has files to refuse", () => {
    expect(names.length).to.be.greaterThan(20);
  });

  for (const name of names) {
    it(`refuses ${name} and says where, what and what to do`, () => {
      const configured = configureText(readFileSync(join(folder, name), "utf8"));
      const errors = `${messages(configured, "error").join("\n")}\n`;
      const expected = join(folder, name.replace(/\.yaml$/, ".expected"));
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(expected, errors);
      expect(errors).to.equal(readFileSync(expected, "utf8"));
      expect(configured.config).to.equal(undefined);
      expect(messages(configured).join("\n")).not.to.contain("must-not-be-shown");
    });
  }
});
