// What tests, checks and benchmarks need on this machine. Envoy is found (or installed) by the tests themselves.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Some programs have no way to be asked for their version that ends with 0: that they can be started is enough. */
function has(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: "ignore" });
  return error === undefined && (status === 0 || args.length === 0);
}

const lock = `${root}.npm-ci.lock`;
const lookAgainMs = 200;

function isInstalled() {
  const stamp = `${root}node_modules/.package-lock.json`;
  return existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}

/** Whether this process may install; false = another one that runs does. A lock that a dead process left is taken over. */
function claimLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  try {
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return false;
  } catch (error) {
    if (error.code === "EPERM") return false;
    // the process is gone, or has taken its lock away meanwhile
    rmSync(lock, { force: true });
    return claimLock();
  }
}

/**
 * Installs npm packages when they are missing or older than the lock file. One process at a time: two would empty the folder under
 * each other. Ends the process with what to do when npm fails.
 */
export function installDependencies() {
  if (isInstalled()) return;
  while (!claimLock()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookAgainMs);
  try {
    if (!isInstalled()) {
      console.error("installing dependencies (npm ci) …");
      // the sources need ts-blank-space, which is a development dependency
      execFileSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
        cwd: root,
        stdio: ["ignore", "ignore", "inherit"],
      });
    }
  } catch (error) {
    const what = error.code === "ENOENT" ? "npm was not found on PATH." : "npm ci failed; see above.";
    console.error(`${what} Run npm ci by hand in ${root}, then try again.`);
    rmSync(lock, { force: true });
    process.exit(1);
  }
  rmSync(lock, { force: true });
}

/** Makes sure that a program is on PATH; installs the Debian package of its name where that is possible. */
export function installProgram(program, purpose, ...versionArguments) {
  if (has(program, ...versionArguments)) return;
  const prefix = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  if (has("apt-get", "--version") && (prefix.length === 0 || has("sudo", "-n", "true"))) {
    console.error(`installing ${program} (apt-get) …`);
    const apt = (...args) => {
      const [command, ...rest] = [...prefix, "apt-get", "-qq", ...args];
      return (
        spawnSync(command, rest, {
          stdio: ["ignore", "ignore", "inherit"],
          env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
        }).status === 0
      );
    };
    apt("update");
    if (apt("install", "-y", "--no-install-recommends", program) && has(program, ...versionArguments)) return;
  }
  console.error(
    `${program} is needed ${purpose} and was not found; install it (apt-get install ${program}, or your system's way)`,
  );
  process.exit(1);
}
