// `npm test [-- mocha options and files]`: the whole suite, real Envoy, Redis and kubectl included.
import { spawnSync } from "node:child_process";
import { installDependencies, installProgram, root } from "./install.mjs";
import { installKubectl } from "./kubectl.mjs";

installDependencies();
installProgram("redis-server", "for the tests", "--version");
await installKubectl();
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
