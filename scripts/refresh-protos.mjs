// Makes proto/ anew from the crate named in proto/SOURCE: `node scripts/refresh-protos.mjs`. Needs cargo.
// Copies the closure of the services that we speak; google/protobuf/* come with the proto loader.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const crate = "envoy-types";
const version = "0.7.7";
const services = [
  "envoy/service/ext_proc/v3/external_processor.proto",
  "envoy/service/ratelimit/v3/rls.proto",
  "envoy/service/discovery/v3/ads.proto",
  "envoy/service/discovery/v3/discovery.proto",
  "envoy/service/accesslog/v3/als.proto",
  // what ADS carries; what is inside a typed_config travels as JSON (grpc/json-message.ts)
  "envoy/config/cluster/v3/cluster.proto",
  "envoy/config/listener/v3/listener.proto",
  "envoy/config/route/v3/route.proto",
];

const scratch = mkdtempSync(join(tmpdir(), "protos-"));
const cargo = (...args) => execFileSync("cargo", args, { cwd: scratch, stdio: ["ignore", "inherit", "inherit"] });
cargo("init", "--quiet", "--name", "scratch", ".");
cargo("add", "--quiet", `${crate}@=${version}`);
cargo("fetch", "--quiet");
const lock = readFileSync(join(scratch, "Cargo.lock"), "utf8");
const checksum = new RegExp(`name = "${crate}"\\nversion = "${version}"\\n[^\\[]*checksum = "([0-9a-f]+)"`).exec(
  lock,
)?.[1];
if (checksum === undefined) throw new Error(`no checksum of ${crate} ${version} in Cargo.lock`);

const registry = join(process.env["CARGO_HOME"] ?? join(homedir(), ".cargo"), "registry", "src");
const home = readdirSync(registry)
  .map((index) => join(registry, index, `${crate}-${version}`))
  .find((path) => existsSync(path));
if (home === undefined) throw new Error(`${crate} ${version} was not found under the cargo registry folder`);
const roots = ["data-plane-api", "googleapis", "protoc-gen-validate", "xds"].map((name) => join(home, "proto", name));

const target = fileURLToPath(new URL("../proto/", import.meta.url));
rmSync(target, { recursive: true, force: true });
const done = new Set();
const open = [...services];
for (let file = open.pop(); file !== undefined; file = open.pop()) {
  if (done.has(file) || file.startsWith("google/protobuf/")) continue;
  done.add(file);
  const source = roots.map((root) => join(root, file)).find((path) => existsSync(path));
  if (source === undefined) throw new Error(`${file} is in none of the crate's proto folders`);
  mkdirSync(dirname(join(target, file)), { recursive: true });
  cpSync(source, join(target, file));
  for (const match of readFileSync(source, "utf8").matchAll(/^import\s+(?:public\s+)?"([^"]+)";/gm))
    open.push(match[1]);
}
cpSync(join(home, "LICENSE"), join(target, "LICENSE"));
writeFileSync(
  join(target, "SOURCE"),
  `crate ${crate} ${version}\nsha256 ${checksum}\nThe .proto files are unchanged; they match Envoy 1.40. Refresh: node scripts/refresh-protos.mjs\n`,
);
rmSync(scratch, { recursive: true, force: true });
console.log(`${done.size} files, ${crate} ${version}`);
