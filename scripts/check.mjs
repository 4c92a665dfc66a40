// `npm run check`: everything that can be told without running the tests, cheapest first; stops at the first failure.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { installDependencies, root } from "./install.mjs";

installDependencies();

const bin = (name, ...args) => [`${root}node_modules/.bin/${name}`, args];
const steps = [
  ["lock file", checkLockFile],
  ["format and lint", bin("biome", "check", "--error-on-warnings", ".")],
  ["promise rules", bin("oxlint", "--type-aware", "--deny-warnings", "src", "test")],
  ["types", bin("tsc", "-p", ".")],
  ["architecture", checkArchitecture],
  ["dead code", bin("knip", "--no-progress")],
];

function checkLockFile() {
  return readFileSync(`${root}package-lock.json`, "utf8").includes('"resolved"')
    ? "package-lock.json names download addresses: make it again with omit-lockfile-registry-resolved=true"
    : "";
}

function checkArchitecture() {
  const [command, args] = bin("depcruise", "--config", ".dependency-cruiser.cjs", "src");
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  const modules = Number(/\((\d+) modules/.exec(stdout)?.[1] ?? 0);
  if (status !== 0) return stdout + stderr;
  return modules > 0 ? "" : `dependency-cruiser looked at no module\n${stdout}`;
}

function failure(step) {
  if (typeof step === "function") return step();
  const [command, args] = step;
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  return status === 0 ? "" : stdout + stderr || `${command} ended with ${status}`;
}

for (const [name, step] of steps) {
  const started = Date.now();
  const output = failure(step);
  console.log(`${output === "" ? "ok  " : "FAIL"} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (output !== "") {
    console.log(output);
    process.exit(1);
  }
}
