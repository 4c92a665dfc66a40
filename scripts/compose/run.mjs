import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** What a program printed. Its own words are in the error when it fails. */
export async function capture(command, args, options = {}) {
  const { stdout } = await execute(command, args, { encoding: "utf8", maxBuffer: 1 << 26, ...options });
  return stdout;
}

/** Runs a program that takes a while; its output is shown only when it fails. `input` goes to its standard input. */
export async function run(command, args, { input, ...options } = {}) {
  const child = spawn(command, args, { stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"], ...options });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  child.stdin?.end(input);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}\n${output.slice(-8_000)}`);
  return output;
}

/** Whether a program can be run with these arguments. */
export async function works(command, ...args) {
  return await capture(command, args).then(
    () => true,
    () => false,
  );
}

/** Asks until the answer is neither undefined nor false; fails after the limit. */
export async function until(what, ask, limitMs = 60_000) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
