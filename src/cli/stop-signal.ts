const usual: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Settles when the process is asked to stop (Ctrl-C, SIGTERM, its terminal is closed). A second signal ends the process at once. */
export function stopSignal(signals = usual): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const first = (signal: NodeJS.Signals): void => {
      for (const name of signals) {
        process.off(name, first);
        process.once(name, () => process.exit(130));
      }
      resolve(signal);
    };
    for (const name of signals) process.on(name, first);
  });
}
