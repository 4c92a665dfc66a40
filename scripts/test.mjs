// `npm test [-- mocha options and files]`: the whole suite, real Envoy and real Redis included.
import { spawnSync } from "node:child_process";
import { installDependencies, installRedis, root } from "./install.mjs";

installDependencies();
installRedis();
const given = process.argv.slice(2);
const named = given.some((argument) => argument.endsWith(".ts"));
const mocha = spawnSync(
  process.execPath,
  [`${root}node_modules/mocha/bin/mocha.js`, ...given, ...(named ? [] : ["test/**/*.test.ts"])],
  {
    cwd: root,
    stdio: "inherit",
  },
);
process.exit(mocha.status ?? 1);
