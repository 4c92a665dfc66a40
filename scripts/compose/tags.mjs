import { readFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

function only(tags, repository) {
  const found = [...new Set(tags)].filter((tag) => tag.startsWith(`${repository}:`));
  if (found.length !== 1)
    throw new Error(`our files name ${found.length} images of ${repository}: ${found.join(", ")}`);
  return found[0];
}

/** The images that our files name, so that no tag is written twice. */
export function imageTags() {
  const from = [...read("deploy/Dockerfile").matchAll(/^FROM (\S+)/gm)].map(([, tag]) => tag);
  const used = [...read("docker-compose.yml").matchAll(/^ +image: (\S+)/gm)].map(([, tag]) => tag);
  return {
    debian: only(from, "debian"),
    node: only(from, "node"),
    envoy: only(used, "envoyproxy/envoy"),
    redis: only(used, "redis"),
    tollgate: only(used, "tollgate"),
  };
}
