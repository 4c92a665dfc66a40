import { readFileSync, rmSync, writeFileSync } from "node:fs";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // it is there and somebody else's
  }
}

/**
 * Claims `folder` for this process by a file that holds its id; a file left by a process that is gone is taken over. The returned
 * function gives the folder free.
 * @throws Error that says what to do when a process that runs has it; errors of the file system as they are
 */
export function claimPidFile(file: string, folder: string): () => void {
  const write = (): void => writeFileSync(file, `${process.pid}\n`, { flag: "wx" });
  try {
    write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const pid = Number(readFileSync(file, "utf8"));
    // in a container the process before us had our own id
    if (Number.isInteger(pid) && pid > 0 && pid !== process.pid && isAlive(pid)) {
      throw new Error(
        `${folder} is in use by another gateway (process ${pid}); stop that one, or choose another folder with --state-dir ` +
          `(if process ${pid} is no gateway, remove ${file})`,
      );
    }
    rmSync(file, { force: true });
    write();
  }
  return () => rmSync(file, { force: true });
}
