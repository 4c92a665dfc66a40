// What tests, checks and benchmarks need on this machine. Envoy is found (or installed) by the tests themselves.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Some programs have no way to be asked for their version that ends with 0: that they can be started is enough. */
function has(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: "ignore" });
  return error === undefined && (status === 0 || args.length === 0);
}

/** Installs npm packages when they are missing or older than the lock file. */
export function installDependencies() {
  const stamp = `${root}node_modules/.package-lock.json`;
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs) return;
  console.error("installing dependencies (npm ci) …");
  execFileSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
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
