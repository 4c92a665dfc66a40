import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, run, until, works } from "./run.mjs";

/**
 * Debian's own clients: an engine and clients of one release understand each other, whatever else is on PATH. BuildKit is in that
 * engine, and its docker-compose leaves building to the docker command.
 */
const debian = {
  PATH: `/usr/bin:/usr/sbin:${process.env["PATH"]}`,
  DOCKER_BUILDKIT: "1",
  COMPOSE_DOCKER_CLI_BUILD: "1",
};

/** The mounts that a killed engine leaves behind would be in the way of removing its folder. */
async function unmountBelow(folder) {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await run("umount", ["--lazy", path]).catch(() => undefined);
}

/**
 * A Docker engine of the test's own: its images, containers and socket are in a temporary folder, and it leaves the machine's
 * packet filter, bridges and forwarding alone. Published ports go through its proxy.
 */
export async function startEngine() {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-compose-"));
  const log = join(folder, "dockerd.log");
  const output = openSync(log, "a");
  const socket = `unix://${folder}/docker.sock`;
  const places = ["--data-root", `${folder}/data`, "--exec-root", `${folder}/exec`, "--pidfile", `${folder}/pid`];
  const network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"];
  // in a process group of its own: Ctrl-C must reach this script first, which then takes things down in order
  const daemon = spawn("/usr/sbin/dockerd", [...places, ...network, "--host", socket], {
    detached: true,
    stdio: ["ignore", output, output],
  });
  const gone = once(daemon, "exit");
  const env = { ...process.env, ...debian, DOCKER_HOST: socket };
  const stop = async () => {
    daemon.kill("SIGTERM");
    const force = setTimeout(() => daemon.kill("SIGKILL"), 30_000);
    await gone;
    clearTimeout(force);
    await unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until("dockerd", async () => {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended:\n${readFileSync(log, "utf8").slice(-4_000)}`);
      return await capture("/usr/bin/docker", ["version"], { env }).then(
        () => true,
        () => false,
      );
    });
  } catch (error) {
    if (daemon.exitCode === null) await stop();
    throw error;
  }
  return { folder, env, docker: "/usr/bin/docker", compose: ["/usr/bin/docker-compose"], ownImages: true, stop };
}

/** The engine that this machine has, with the real images. */
export async function usePresentEngine() {
  if (!(await works("docker", "version"))) throw new Error("`docker version` fails: is Docker running?");
  const compose = (await works("docker", "compose", "version")) ? ["docker", "compose"] : ["docker-compose"];
  const folder = mkdtempSync(join(tmpdir(), "tollgate-compose-"));
  return {
    folder,
    env: { ...process.env },
    docker: "docker",
    compose,
    ownImages: false,
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
