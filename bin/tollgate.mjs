#!/usr/bin/env node
// Starts Tollgate: in a clone from its sources, installing what is missing; in an installed package from dist/.
// Plain Node on purpose: it runs before anything is installed.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(`Tollgate needs Node 20 or later; this is ${process.version}`);
  process.exit(1);
}

if (existsSync(path("src"))) {
  const { installDependencies } = await import("../scripts/install.mjs");
  installDependencies();
  await import("ts-blank-space/register");
  await import(new URL("src/main.ts", root).href);
} else {
  await import(new URL("dist/main.js", root).href);
}
