import { expect } from "chai";
import { run } from "../../src/cli/run.ts";

async function call(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const code = await run(args, {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    env: {},
  });
  return { code, ...written };
}

describe("run", () => {
  it("lists the commands when it is asked for help, and as a mistake when nothing is said", async () => {
    for (const [args, expected] of [
      [["--help"], 0],
      [["help"], 0],
      [[], 2],
    ] as const) {
      const { code, stdout } = await call(...args);
      expect(code).to.equal(expected);
      for (const name of ["up", "serve", "render", "validate", "plan", "import-prices", "mocks"])
        expect(stdout).to.match(new RegExp(`^  ${name} `, "m"));
    }
  });

  it("tells the options of each command", async () => {
    for (const name of ["up", "serve", "render", "validate", "plan", "import-prices", "mocks"]) {
      const { code, stdout } = await call(name, "--help");
      expect(code).to.equal(0);
      expect(stdout).to.match(new RegExp(`^tollgate ${name} `));
    }
  });

  it("says which commands there are when it knows none of this name", async () => {
    for (const name of ["upp", "constructor", "__proto__"]) {
      const { code, stderr } = await call(name);
      expect(code).to.equal(2);
      expect(stderr).to.equal(
        `tollgate: there is no command ${JSON.stringify(name)}; there are up, serve, render, validate, apply, get, describe, delete, create, kubeconfig, template, plan, budgets, explain, replay, import-prices, mocks\n`,
      );
    }
  });

  it("exits with 2 and names the help when a command was called wrongly", async () => {
    for (const args of [
      ["up", "--no-such-option"],
      ["up", "resources.yaml"],
      ["validate"],
      ["mocks", "--openai", "http"],
    ]) {
      const { code, stderr } = await call(...args);
      expect(code, args.join(" ")).to.equal(2);
      expect(stderr).to.match(
        new RegExp(`^tollgate ${args[0]}: .+\\n\\(tollgate ${args[0]} --help tells the options\\)\\n$`, "s"),
      );
    }
  });

  it("exits with 1 when a command fails", async () => {
    const { code, stderr } = await call("render", "-f", "no-such-file.yaml");
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      "no-such-file.yaml:1:1: cannot be read: no such file or directory; check the path\nnothing was started: the configuration is not valid\n",
    );
  });
});
