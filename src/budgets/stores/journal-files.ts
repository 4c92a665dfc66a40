import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

const segmentName = /^budgets-(\d{12})\.jsonl$/;

export function segmentPath(directory: string, number: number): string {
  return join(directory, `budgets-${String(number).padStart(12, "0")}.jsonl`);
}

/** The segment while its snapshot is being written: it counts from when it is renamed. */
export function unfinishedPath(directory: string, number: number): string {
  return `${segmentPath(directory, number)}.part`;
}

/** Oldest first. */
export async function segmentNumbers(directory: string): Promise<readonly number[]> {
  const numbers = (await readdir(directory)).flatMap((name) => segmentName.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** A new name is only safe when its directory is, too. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
