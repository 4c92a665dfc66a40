import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.mjs";
import { imageTags } from "./tags.mjs";

/** What an image of Debian's leaves out. */
const unneeded = [
  "usr/share/doc",
  "usr/share/man",
  "usr/share/locale",
  "usr/share/info",
  "var/lib/apt/lists",
  "var/cache/apt",
];

/** As the official image: a user of its own, and a start that steps down from root to it. */
const envoyFile = (base) => `FROM ${base}
RUN groupadd --gid 101 envoy && useradd --uid 101 --gid 101 --no-create-home envoy && mkdir /etc/envoy
COPY envoy /usr/local/bin/envoy
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN printf '%s\\n' '#!/bin/sh' 'set -e' \\
    'if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=101 --regid=101 --clear-groups "$@"; fi' 'exec "$@"' > /docker-entrypoint.sh \\
 && chmod 755 /docker-entrypoint.sh
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["envoy", "-c", "/etc/envoy/envoy.yaml"]
`;

/** As the official image: user 999, data in /data, and open to other containers without a password. */
const redisFile = (base) => `FROM ${base}
RUN groupadd --system --gid 999 redis && useradd --system --uid 999 --gid 999 --home-dir /data redis
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends redis-server >/dev/null
RUN mkdir -p /data && chown redis:redis /data
RUN printf '%s\\n' '#!/bin/sh' 'if [ "$1" = redis-server ]; then set -- "$@" --protected-mode no; fi' 'exec "$@"' > /docker-entrypoint.sh \\
 && chmod 755 /docker-entrypoint.sh
WORKDIR /data
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["redis-server"]
`;

const nodeFile = (base) => `FROM ${base}
COPY local /usr/local
CMD ["node"]
`;

/** Images under the tags of our files, made from packages: for machines that reach no image registry. */
export class StandIns {
  #engine;
  #tags = imageTags();

  constructor(engine) {
    this.#engine = engine;
  }

  async make() {
    await this.#makeDebian();
    await Promise.all([this.#makeNode(), this.#makeRedis(), this.#makeEnvoy()]);
  }

  #folder(name) {
    const folder = join(this.#engine.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  async #build(tag, folder, dockerfile) {
    const args = ["build", "--quiet", "--network", "host", "--tag", tag, "--file", "-", folder];
    await run(this.#engine.docker, args, { env: this.#engine.env, input: dockerfile });
  }

  async #makeDebian() {
    const { docker, env } = this.#engine;
    const root = this.#folder("debian");
    const suite = this.#tags.debian.split(":")[1].split("-")[0];
    await run("debootstrap", ["--variant=minbase", suite, root], { env });
    for (const path of unneeded) await run("rm", ["-rf", join(root, path)]);
    const archive = `${root}.tar`;
    await run("tar", ["--create", "--file", archive, "--directory", root, "."]);
    await run("rm", ["-rf", root]);
    await run(docker, ["import", "--change", 'CMD ["bash"]', archive, this.#tags.debian], { env });
  }

  /** Node and npm as packages of npm's registry, with this machine's settings for it. */
  async #makeNode() {
    const folder = this.#folder("node");
    const local = join(folder, "local");
    const version = this.#tags.node.split(":")[1].split("-")[0];
    const packages = [`node-linux-${process.arch}@${version}`, "npm@11"];
    await run("npm", ["install", "--global", "--ignore-scripts", "--loglevel=error", "--prefix", local, ...packages]);
    const binary = join(local, "lib/node_modules", `node-linux-${process.arch}`, "bin/node");
    mkdirSync(join(local, "bin"), { recursive: true });
    cpSync(binary, join(local, "bin/node"));
    await this.#writeNpmSettings(local);
    await this.#build(this.#tags.node, folder, nodeFile(this.#tags.debian));
  }

  async #writeNpmSettings(local) {
    const setting = async (name) => (await run("npm", ["config", "get", name], { cwd: "/" })).trim();
    const authority = await setting("cafile");
    const lines = [`registry=${await setting("registry")}`];
    if (existsSync(authority)) {
      cpSync(authority, join(local, "etc/ca.crt"), { recursive: true, dereference: true });
      lines.push("cafile=/usr/local/etc/ca.crt");
    }
    mkdirSync(join(local, "etc"), { recursive: true });
    writeFileSync(join(local, "etc/npmrc"), `${lines.join("\n")}\n`);
  }

  async #makeRedis() {
    await this.#build(this.#tags.redis, this.#folder("redis"), redisFile(this.#tags.debian));
  }

  async #makeEnvoy() {
    const folder = this.#folder("envoy");
    // registered here and not on the command line, so that `npm run test:compose` stays a plain Node program
    await import("ts-blank-space/register");
    const { findEnvoy } = await import("../../src/cli/envoy-binary.ts");
    const { path, version } = await findEnvoy({ env: process.env, progress: (message) => console.log(message) });
    if (!this.#tags.envoy.endsWith(`:v${version}`))
      throw new Error(`${path} is Envoy ${version}, and docker-compose.yml names ${this.#tags.envoy}`);
    cpSync(path, join(folder, "envoy"), { dereference: true });
    cpSync("/etc/ssl/certs/ca-certificates.crt", join(folder, "ca-certificates.crt"), { dereference: true });
    await this.#build(this.#tags.envoy, folder, envoyFile(this.#tags.debian));
  }
}
