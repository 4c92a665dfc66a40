import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx or 3xx, and broken connections. */
  readonly errors: number;
}

const script = (headers: Readonly<Record<string, string>>, body: string): string => `
wrk.method = "POST"
wrk.body = ${JSON.stringify(body)}
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  .join("\n")}
`;

function milliseconds(text: string, percentile: string): number {
  const [, value, unit = "ms"] = new RegExp(`${percentile}%\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? 1);
}

/** A closed loop of `connections` clients against one URL for some seconds, by wrk. @throws when wrk cannot run */
export async function load(
  url: string,
  options: {
    readonly connections: number;
    readonly seconds: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  },
): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  try {
    const file = join(folder, "post.lua");
    writeFileSync(file, script(options.headers, options.body));
    const { stdout } = await run("wrk", [
      "-t1",
      `-c${options.connections}`,
      `-d${options.seconds}s`,
      "--latency",
      "-s",
      file,
      url,
    ]);
    const count = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0);
    const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout);
    return {
      requests: count(/(\d+) requests in/),
      perSecond: count(/Requests\/sec:\s+([\d.]+)/),
      p50Ms: milliseconds(stdout, "50"),
      p99Ms: milliseconds(stdout, "99"),
      errors:
        count(/Non-2xx or 3xx responses: (\d+)/) +
        (socketErrors?.slice(1).reduce((sum, text) => sum + Number(text), 0) ?? 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
