// What tests and checks need on this machine: dependencies, redis-server. Envoy is found (or installed) by the tests themselves.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));

function has(command, ...args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
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

/** Makes sure that redis-server is on PATH; installs Debian's package where that is possible. */
export function installRedis() {
  if (has("redis-server", "--version")) return;
  const prefix = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  if (has("apt-get", "--version") && (prefix.length === 0 || has("sudo", "-n", "true"))) {
    console.error("installing redis-server (apt-get) …");
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
    if (apt("install", "-y", "--no-install-recommends", "redis-server") && has("redis-server", "--version")) return;
  }
  console.error(
    "redis-server is needed for the tests and was not found; install it (apt-get install redis-server, brew install redis)",
  );
  process.exit(1);
}
