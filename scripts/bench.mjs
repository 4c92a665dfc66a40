// `npm run bench [-- --seconds 5 --rounds 3 --connections 1,16,64 --json FILE]`: test/bench/bench.ts with what it needs.
import { spawnSync } from "node:child_process";
import { installDependencies, installProgram, root } from "./install.mjs";

installDependencies();
installProgram("wrk", "for the benchmark");
const bench = ["--no-warnings", "--import", "ts-blank-space/register", "test/bench/bench.ts"];
const { status } = spawnSync(process.execPath, [...bench, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);
