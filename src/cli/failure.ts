/**
 * Settles with an error that nobody caught, which leaves the process in a state that nobody knows: the caller reports it, stops
 * everything and ends. Until then the process goes on.
 */
export function uncaughtError(): Promise<Error> {
  return new Promise((resolve) => {
    process.on("uncaughtException", (thrown: unknown) => {
      resolve(thrown instanceof Error ? thrown : new Error(String(thrown)));
    });
  });
}
