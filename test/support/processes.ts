import { readdirSync, readFileSync } from "node:fs";

export interface ListedProcess {
  readonly pid: number;
  readonly command: string;
}

/** What the kernel says of every process whose environment holds `mark`, however it came to be; Linux only. */
export function processesWith(mark: string): readonly ListedProcess[] {
  const found: ListedProcess[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").includes(mark)) continue;
      found.push({ pid, command: readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim() });
    } catch {
      // it ended while we looked, or is somebody else's
    }
  }
  return found;
}
