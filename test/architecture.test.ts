import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { expect } from "chai";

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
}

/** A violation of every rule: the file that is planted, and what it imports. */
const planted: Readonly<Record<string, readonly [file: string, imported: string]>> = {
  "level-0-imports-up": ["src/lib/a.ts", "src/core/target.ts"],
  "level-1-imports-up": ["src/core/a.ts", "src/metering/target.ts"],
  "level-2-imports-up": ["src/metering/a.ts", "src/planning/target.ts"],
  "level-3-imports-up": ["src/planning/a.ts", "src/extproc/target.ts"],
  "level-4-imports-up": ["src/extproc/a.ts", "src/cli/target.ts"],
  "endpoints-imports-sibling": ["src/endpoints/b.ts", "src/metering/target.ts"],
  "providers-imports-sibling": ["src/providers/openai/b.ts", "src/metering/target.ts"],
  "metering-imports-sibling": ["src/metering/b.ts", "src/ratelimit/target.ts"],
  "ratelimit-imports-sibling": ["src/ratelimit/b.ts", "src/metering/target.ts"],
  "budgets-imports-sibling": ["src/budgets/b.ts", "src/ratelimit/target.ts"],
  "resources-imports-sibling": ["src/resources/b.ts", "src/metering/target.ts"],
  "mocks-imports-sibling": ["src/mocks/b.ts", "src/providers/openai/target.ts"],
  "extproc-imports-sibling": ["src/extproc/b.ts", "src/envoy/target.ts"],
  "envoy-imports-sibling": ["src/envoy/b.ts", "src/extproc/target.ts"],
  "xds-imports-sibling": ["src/xds/b.ts", "src/admin/target.ts"],
  "admin-imports-sibling": ["src/admin/b.ts", "src/envoy/target.ts"],
  "extproc-imports-registry": ["src/extproc/c.ts", "src/providers/index.ts"],
  "config-imports-code-of-level-2": ["src/config/c.ts", "src/metering/target.ts"],
  "provider-names-sibling": ["src/providers/openai/c.ts", "src/providers/anthropic/target.ts"],
  "common-names-provider": ["src/providers/common/c.ts", "src/providers/openai/target.ts"],
  "redis-outside-stores": ["src/ratelimit/c.ts", "ioredis"],
  "grpc-outside-grpc": ["src/extproc/d.ts", "@grpc/grpc-js"],
  "io-in-the-core": ["src/planning/c.ts", "node:fs"],
  "net-in-the-core": ["src/lib/c.ts", "node:net"],
  "imports-main": ["src/cli/c.ts", "src/main.ts"],
  cycle: ["src/lib/d.ts", "src/lib/e.ts"],
  orphan: ["src/lib/nobody-imports-this.ts", ""],
  "test-code-in-src": ["src/cli/d.ts", "test/target.ts"],
};

function specifier(from: string, imported: string): string {
  if (!/^(?:src|test)\//.test(imported)) return imported;
  const path = relative(dirname(from), imported);
  return path.startsWith(".") ? path : `./${path}`;
}

/** A tree with all of them, as the checker sees it. */
function violations(): readonly Violation[] {
  const root = mkdtempSync(join(tmpdir(), "tollgate-architecture-"));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  try {
    for (const file of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"])
      copyFileSync(file, join(root, file));
    symlinkSync(resolve("node_modules"), join(root, "node_modules"));
    for (const [, imported] of Object.values(planted))
      if (/^(?:src|test)\//.test(imported)) write(imported, "export const target = 1;\n");
    for (const [file, imported] of Object.values(planted))
      write(file, imported === "" ? "export const alone = 1;\n" : `import "${specifier(file, imported)}";\n`);
    write("src/lib/e.ts", 'import "./d.ts";\n');
    const depcruise = resolve("node_modules/.bin/depcruise");
    const { stdout, stderr } = spawnSync(
      depcruise,
      ["--config", ".dependency-cruiser.cjs", "--output-type", "json", "src"],
      { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 },
    );
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as { summary: { violations: readonly Violation[] } }).summary.violations;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

describe("the architecture's rules", function () {
  this.timeout(60_000);
  let found: readonly Violation[] = [];
  const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as {
    readonly forbidden: readonly { readonly name: string; readonly comment: string }[];
  };

  before(() => {
    found = violations();
  });

  it("each have a reason and a planted violation", () => {
    expect(forbidden.map(({ name }) => name).sort()).to.deep.equal(Object.keys(planted).sort());
    for (const { name, comment } of forbidden) expect(comment, name).to.have.length.greaterThan(20);
  });

  for (const [rule, [file]] of Object.entries(planted)) {
    it(`${rule} bites`, () => {
      expect(found.filter(({ from }) => from === file).map(({ rule: { name } }) => name)).to.include(rule);
    });
  }
});
