#!/usr/bin/env node
// Starts Tollgate: in a clone from its sources, installing what is missing; in an installed package from dist/.
// Plain Node on purpose: it runs before anything is installed.
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(`Tollgate needs Node 20 or later; this is ${process.version}`);
  process.exit(1);
}

function installDependencies() {
  const stamp = path("node_modules/.package-lock.json");
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(path("package-lock.json")).mtimeMs) return;
  console.error("installing dependencies (npm ci) …");
  try {
    // the sources need ts-blank-space, which is a development dependency
    execFileSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: path("."),
      stdio: ["ignore", "ignore", "inherit"],
    });
  } catch (error) {
    const what = error.code === "ENOENT" ? "npm was not found on PATH." : "npm ci failed; see above.";
    console.error(`${what} Run npm ci by hand in ${path(".")}, then try again.`);
    process.exit(1);
  }
}

if (existsSync(path("src"))) {
  installDependencies();
  await import("ts-blank-space/register");
  await import(new URL("src/main.ts", root).href);
} else {
  await import(new URL("dist/main.js", root).href);
}
