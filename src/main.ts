import { run } from "./cli/run.ts";

// a reader that went away (a pipe, a closed terminal) must not end a gateway
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
});
