// `npm run bench [-- --seconds 5] [--rounds 3] [--connections 1,16,64] [--stacks plain,tollgate,limited,budgeted,redis] [--json FILE]`:
// what Tollgate costs per request, against Envoy alone in the same run. Variants take turns in every round, because machines are
// noisy. One Envoy worker each. Needs wrk, and redis-server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startRedis } from "../support/redis.ts";
import { startServed } from "../support/served.ts";
import { cpuMicroseconds } from "./cpu.ts";
import { load } from "./load.ts";
import { benchResources } from "./resources.ts";
import { markdownTable, type Row, type Sample } from "./table.ts";
import { startPlainProxy, startUpstream } from "./upstream.ts";
import { chatBody, type StackName, type Variant, variants } from "./variants.ts";

const warmUpSeconds = 2;

interface Stack {
  readonly url: string;
  readonly envoyPid: number;
  readonly gatewayPid: number | undefined;
}

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    connections: { type: "string", default: "1,16,64" },
    stacks: { type: "string", default: "plain,tollgate,limited,budgeted,redis" },
    json: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);

const directory = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
const upstream = await startUpstream(directory);
const plain = await startPlainProxy(directory, upstream.port);
const tollgate = await startServed(benchResources(upstream.port, "none"));
const limited = await startServed(benchResources(upstream.port, "limit"));
const budgeted = await startServed(benchResources(upstream.port, "budget"));
const store = await startRedis();
const redis = await startServed(benchResources(upstream.port, "budget"), store.url);
const stacks: Readonly<Record<StackName, Stack>> = {
  plain: { url: `http://127.0.0.1:${plain.port}`, envoyPid: plain.pid, gatewayPid: undefined },
  tollgate,
  limited,
  budgeted,
  redis,
};
const wanted = variants.filter(({ stack }) => values.stacks.split(",").includes(stack));

async function measure(variant: Variant, connections: number, duration: number): Promise<Sample> {
  const { url, envoyPid, gatewayPid } = stacks[variant.stack];
  const cpu = (): readonly [number, number] => [
    cpuMicroseconds(envoyPid),
    gatewayPid === undefined ? 0 : cpuMicroseconds(gatewayPid),
  ];
  const before = cpu();
  const result = await load(`${url}/v1/chat/completions`, {
    connections,
    seconds: duration,
    headers: { "content-type": "application/json", "x-user-id": "bench" },
    body: chatBody(variant),
  });
  const after = cpu();
  const perRequest = (index: 0 | 1): number => (after[index] - before[index]) / Math.max(1, result.requests);
  return { ...result, envoyCpu: perRequest(0), gatewayCpu: perRequest(1) };
}

try {
  const rows: (Row & { samples: Sample[] })[] = values.connections
    .split(",")
    .flatMap((connections) =>
      wanted.map((variant) => ({ variant, connections: Number(connections), samples: [] as Sample[] })),
    );
  for (const variant of wanted) await measure(variant, 16, warmUpSeconds);
  for (let round = 1; round <= rounds; round++) {
    for (const row of rows) {
      const sample = await measure(row.variant, row.connections, seconds);
      row.samples.push(sample);
      console.error(
        `round ${round}  ${row.variant.name}, c=${row.connections}: ${sample.perSecond.toFixed(0)} requests/s, ${sample.errors} errors`,
      );
    }
  }
  const errors = rows.flatMap(({ samples }) => samples).reduce((sum, sample) => sum + sample.errors, 0);
  console.log(markdownTable(rows));
  console.log(`\nerrors: ${errors}; gateway RSS ${tollgate.residentMebibytes().toFixed(0)} MiB`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (errors > 0) process.exitCode = 1;
} finally {
  await Promise.all([plain, upstream, tollgate, limited, budgeted, redis].map((one) => one.close()));
  await store.stop();
  rmSync(directory, { recursive: true, force: true });
}
