import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { UsageError } from "../../src/cli/options.ts";
import { validate } from "../../src/cli/validate.ts";
import { aiResource, policy } from "../config/support.ts";

const missingSecret = aiResource("AIBackend", "a", "{provider: OpenAI, auth: {apiKeySecretRef: {name: keys}}}");
const missingTarget = policy("p", "{targetRefs: [{group: g, kind: HTTPRoute, name: r}]}");

describe("validate", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-validate-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  async function run(text: string, ...options: string[]) {
    const file = join(folder, "a.yaml");
    writeFileSync(file, text);
    let output = "";
    const io = { stdout: { write: (written: string) => (output += written) }, stderr: { write: () => true }, env: {} };
    const code = await validate(["-f", file, ...options], io);
    return { code, lines: output.replaceAll(`${folder}/`, "").trimEnd().split("\n") };
  }

  it("exits with 0 and says what there is", async () => {
    expect(await run(aiResource("AIBackend", "a", "{provider: vLLM}"))).to.deep.equal({
      code: 0,
      lines: ["1 resources, 0 errors, 0 unresolved, 0 warnings"],
    });
  });

  it("prints every diagnostic and exits with 1 on errors", async () => {
    const { code, lines } = await run(aiResource("AIBackend", "a", "{provider: vLLM, x: 1}"), "--allow-unresolved");
    expect(code).to.equal(1);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.match(/^a\.yaml:5:24 spec\.x: unknown field/);
    expect(lines[1]).to.equal("0 resources, 1 errors, 0 unresolved, 0 warnings");
  });

  it("exits with 1 when something is unresolved, and with 0 when that is allowed", async () => {
    expect((await run(missingSecret)).code).to.equal(1);
    const { code, lines } = await run(missingSecret, "--allow-unresolved");
    expect(code).to.equal(0);
    expect(lines.at(-1)).to.equal("1 resources, 0 errors, 1 unresolved, 0 warnings");
  });

  it("exits with 0 on warnings, unless --strict makes them errors", async () => {
    expect((await run(missingTarget)).code).to.equal(0);
    expect((await run(missingTarget, "--strict")).code).to.equal(1);
  });

  it("says that it was called wrongly", async () => {
    const io = { stdout: { write: () => true }, stderr: { write: () => true }, env: {} };
    for (const args of [[], ["--no-such-option"], ["-f"]]) {
      let thrown: unknown;
      await validate(args, io).catch((error: unknown) => {
        thrown = error;
      });
      expect(thrown, args.join(" ")).to.be.instanceOf(UsageError);
    }
  });
});
