// `npm run test:compose`: brings docker-compose.yml up, asks it what a client asks, stops and kills its containers, and
// takes everything down again. By default in a Docker engine of its own with stand-ins for the images, made from Debian's,
// npm's and PyPI's packages: it needs root and apt-get, and no image registry. With `-- --docker`, in the Docker that is
// there, with the real images.

import { ask } from "./compose/ask.mjs";
import { failureChecks, requestChecks } from "./compose/checks.mjs";
import { containerChecks } from "./compose/container-checks.mjs";
import { startEngine, usePresentEngine } from "./compose/engine.mjs";
import { installPackages } from "./compose/packages.mjs";
import { Report } from "./compose/report.mjs";
import { until } from "./compose/run.mjs";
import { ComposeStack } from "./compose/stack.mjs";
import { StandIns } from "./compose/stand-ins.mjs";
import { installDependencies } from "./install.mjs";

const report = new Report();
/** Undone in reverse order, whatever happens. */
const undo = [];

async function prepareEngine() {
  if (process.argv.includes("--docker")) return await usePresentEngine();
  if (process.getuid?.() !== 0)
    throw new Error("a Docker engine of its own needs root: sudo npm run test:compose (or use -- --docker)");
  installDependencies();
  await installPackages();
  return await startEngine();
}

async function bringUp() {
  const engine = await prepareEngine();
  undo.push(() => engine.stop());
  if (engine.ownImages && !(await report.check("stand-ins for the images are made", () => new StandIns(engine).make())))
    return;
  const stack = await ComposeStack.prepare(engine);
  undo.push(() => stack.down());
  return stack;
}

async function checkStack(stack) {
  if (!(await report.check("the image is built", () => stack.compose("build").then(() => undefined)))) return;
  const started = Date.now();
  const up = await report.check("docker compose up", async () => {
    await stack.compose("up", "--detach");
    await until("the first answer", async () => (await ask(stack.url)).status === 200, 30_000);
    return `first answer after ${((Date.now() - started) / 1000).toFixed(1)} s`;
  });
  const checks = up ? { ...containerChecks, ...requestChecks, ...failureChecks } : {};
  for (const [sentence, body] of Object.entries(checks)) await report.check(sentence, () => body(stack));
  if (report.failed > 0) console.log(await stack.logs());
}

async function takeDown() {
  for (const step of undo.splice(0).reverse()) await step().catch((error) => report.fail("taking down", error));
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    console.log(`${signal}: taking everything down …`);
    report.interrupt();
    await takeDown();
    process.exit(130);
  });
}

try {
  const stack = await bringUp();
  if (stack !== undefined) await checkStack(stack);
} catch (error) {
  report.fail("the test itself", error);
} finally {
  await takeDown();
}
report.close();
process.exitCode = report.failed === 0 ? 0 : 1;
