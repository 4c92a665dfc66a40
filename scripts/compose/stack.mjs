import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { capture, run, until } from "./run.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A port that nobody uses at the moment. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Building inside an engine without a bridge needs the machine's own network. */
const buildOnHost = "services: { tollgate: { build: { network: host } } }\n";

/** docker-compose.yml, brought up as an operator does, under a project name and on ports of its own. */
export class ComposeStack {
  #engine;
  #env;
  #arguments;

  constructor(engine, ports) {
    this.#engine = engine;
    this.#env = { ...engine.env, TOLLGATE_PORT: String(ports.gateway), TOLLGATE_ADMIN_PORT: String(ports.admin) };
    const files = ["--file", join(root, "docker-compose.yml")];
    if (engine.ownImages) {
      const override = join(engine.folder, "override.yml");
      writeFileSync(override, buildOnHost);
      files.push("--file", override);
    }
    const project = ["--project-name", `tollgate-test-${process.pid}`, "--project-directory", root];
    this.#arguments = [...engine.compose.slice(1), ...files, ...project];
    this.url = `http://localhost:${ports.gateway}`;
    this.adminUrl = `http://localhost:${ports.admin}`;
  }

  static async prepare(engine) {
    return new ComposeStack(engine, { gateway: await freePort(), admin: await freePort() });
  }

  /** `docker compose …` */
  async compose(...args) {
    return await run(this.#engine.compose[0], [...this.#arguments, ...args], { cwd: root, env: this.#env });
  }

  async docker(...args) {
    return await capture(this.#engine.docker, args, { env: this.#env });
  }

  async container(service) {
    const args = [...this.#arguments, "ps", "--quiet", service];
    const printed = await capture(this.#engine.compose[0], args, { cwd: root, env: this.#env });
    return printed.trim();
  }

  /** What `docker inspect` says of a service's container. */
  async inspect(service) {
    const [found] = JSON.parse(await this.docker("inspect", await this.container(service)));
    return found;
  }

  /** Runs a program in a service's container and answers what it printed. */
  async inside(service, ...command) {
    return (await this.docker("exec", await this.container(service), ...command)).trim();
  }

  async becomesHealthy(service) {
    await until(
      `${service} to be healthy`,
      async () => (await this.inspect(service)).State.Health.Status === "healthy",
    );
  }

  /** The end of all logs, for a check that failed. */
  async logs() {
    return await this.compose("logs", "--no-color", "--tail", "40").catch((error) => String(error));
  }

  async down() {
    await this.compose("down", "--volumes", "--remove-orphans", "--timeout", "5");
  }
}
