// `npm run bench [-- --seconds 5] [--rounds 3] [--connections 1,16,64] [--only PATTERN] [--json FILE]`: what Tollgate costs per request, against
// Envoy alone in the same run. Variants take turns in every round, because machines are noisy. One Envoy worker each.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startServed } from "../support/served.ts";
import { cpuMicroseconds } from "./cpu.ts";
import { load } from "./load.ts";
import { benchResources } from "./resources.ts";
import { startStreams } from "./streams.ts";
import { markdownTable, type Row, type Sample } from "./table.ts";
import { startPlainProxy, startUpstream } from "./upstream.ts";
import { chatBody, streamHeader, type Variant, variants } from "./variants.ts";

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
    only: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const chosen = variants.filter(({ name }) => new RegExp(values.only).test(name));

const directory = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
const upstream = await startUpstream(directory);
const plain = await startPlainProxy(directory, upstream.port);
const streams = await startStreams();
const plainStreams = await startPlainProxy(directory, streams.port, "plain-streams");
const memory = "memory://";
const tollgate = await startServed(benchResources(upstream.port, streams.port, false), memory, "http2");
const grpcJs = await startServed(benchResources(upstream.port, streams.port, false), memory, "grpc-js");
const limited = await startServed(benchResources(upstream.port, streams.port, true), memory, "http2");
const stacks: Readonly<Record<Variant["stack"], Stack>> = {
  plain: { url: `http://127.0.0.1:${plain.port}`, envoyPid: plain.pid, gatewayPid: undefined },
  tollgate,
  limited,
  grpcJs,
};
const streamed: Stack = {
  url: `http://127.0.0.1:${plainStreams.port}`,
  envoyPid: plainStreams.pid,
  gatewayPid: undefined,
};

async function measure(variant: Variant, connections: number, duration: number): Promise<Sample> {
  const { url, envoyPid, gatewayPid } =
    variant.stack === "plain" && variant.stream === true ? streamed : stacks[variant.stack];
  const cpu = (): readonly [number, number] => [
    cpuMicroseconds(envoyPid),
    gatewayPid === undefined ? 0 : cpuMicroseconds(gatewayPid),
  ];
  const before = cpu();
  const result = await load(`${url}/v1/chat/completions`, {
    connections,
    seconds: duration,
    headers: { "content-type": "application/json", "x-user-id": "bench", ...streamHeader(variant) },
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
      chosen.map((variant) => ({ variant, connections: Number(connections), samples: [] as Sample[] })),
    );
  for (const variant of chosen) await measure(variant, 16, warmUpSeconds);
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
  await Promise.all([plain, plainStreams, upstream, streams, tollgate, grpcJs, limited].map((one) => one.close()));
  rmSync(directory, { recursive: true, force: true });
}
