import { existsSync } from "node:fs";
import { run } from "./run.mjs";

/** A Docker engine and what builds root file systems, by the program that shows that the package is there. */
const packages = {
  "docker.io": "/usr/sbin/dockerd",
  containerd: "/usr/bin/containerd",
  runc: "/usr/sbin/runc",
  iptables: "/usr/sbin/iptables",
  debootstrap: "/usr/sbin/debootstrap",
  "docker-compose": "/usr/bin/docker-compose",
};

/** Installs the Debian packages that are missing. Starts none of their services. */
export async function installPackages() {
  const missing = Object.keys(packages).filter((name) => !existsSync(packages[name]));
  if (missing.length === 0) return;
  if (!existsSync("/usr/bin/apt-get"))
    throw new Error("an engine of its own is made with Debian's packages; without apt-get, use --docker");
  console.log(`installing ${missing.join(", ")} (apt-get) …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  await run("apt-get", ["-qq", "update"], { env });
  await run("apt-get", ["-qq", "install", "-y", "--no-install-recommends", ...missing], { env });
}
