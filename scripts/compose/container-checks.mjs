import assert from "node:assert/strict";
import { imageTags } from "./tags.mjs";

const services = ["envoy", "tollgate", "mocks", "redis"];

async function megabytes(stack, tag) {
  const [{ Size }] = JSON.parse(await stack.docker("image", "inspect", tag));
  return `${Math.round(Size / 1e6)} MB`;
}

/** The user ids of a container's processes, as the machine sees them. */
async function userIds(stack, service) {
  const printed = await stack.docker("top", await stack.container(service), "-eo", "pid,uid");
  const rows = printed.trim().split("\n").slice(1);
  assert.ok(rows.length > 0, `${service} has no process`);
  return rows.map((row) => row.trim().split(/\s+/)[1]);
}

/** How the containers are made. */
export const containerChecks = {
  "the image has production dependencies only, and no npm": async (stack) => {
    const packages = (await stack.inside("tollgate", "ls", "/app/node_modules")).split("\n");
    assert.ok(packages.includes("ioredis"), "ioredis is missing");
    for (const name of ["typescript", "mocha", "@biomejs", "ts-blank-space"])
      assert.ok(!packages.includes(name), `${name} is in the image`);
    await assert.rejects(stack.inside("tollgate", "npm", "--version"));
    const { debian, tollgate } = imageTags();
    return `${await megabytes(stack, tollgate)}, of them ${await megabytes(stack, debian)} ${debian}`;
  },
  "no process runs as root": async (stack) => {
    const found = [];
    for (const service of services) {
      const ids = await userIds(stack, service);
      assert.ok(!ids.includes("0"), `${service} runs as root`);
      found.push(`${service} ${[...new Set(ids)].join(" ")}`);
    }
    return found.join(", ");
  },
  "only Envoy's port and the admin port are published, on loopback": async (stack) => {
    const published = [];
    for (const service of services) {
      const printed = await stack.docker("port", await stack.container(service));
      published.push(...printed.split("\n").filter((line) => line !== ""));
    }
    assert.deepEqual(
      published.map((line) => line.replace(/:\d+$/, "")),
      ["8080/tcp -> 127.0.0.1", "9090/tcp -> 127.0.0.1"],
    );
  },
  "Tollgate's health check becomes healthy, and its admin port answers": async (stack) => {
    await stack.becomesHealthy("tollgate");
    assert.equal((await fetch(`${stack.adminUrl}/health`)).status, 200);
    assert.match(await (await fetch(`${stack.adminUrl}/metrics`)).text(), /^# HELP /m);
  },
  "the socket is open to Tollgate's user and group only": async (stack) => {
    const format = ["stat", "--format", "%a %u:%g %n"];
    const listed = await stack.inside("tollgate", ...format, "/run/tollgate", "/run/tollgate/grpc.sock");
    assert.equal(listed, "750 65532:65532 /run/tollgate\n660 65532:65532 /run/tollgate/grpc.sock");
  },
  "Envoy cannot write where the socket is": async (stack) => {
    await assert.rejects(stack.inside("envoy", "touch", "/run/tollgate/x"), /Read-only file system/);
  },
  "Envoy's configuration and the logs hold no provider's key": async (stack) => {
    const texts = [await stack.inside("tollgate", "cat", "/run/tollgate/envoy.yaml"), await stack.logs()];
    assert.match(texts[0], /address: mocks/);
    assert.match(texts[1], /tollgate serves ext_proc/);
    for (const text of texts) assert.doesNotMatch(text, /demo-openai-key|demo-anthropic-key|demo-secret-access-key/);
  },
};
