import type { GatewayError } from "../lib/errors.ts";

/** After how many seconds asking again helps; undefined = it never does. */
function retryAfterSeconds({ headers }: GatewayError): number | undefined {
  const seconds = headers["retry-after"];
  return seconds === undefined ? undefined : Number(seconds);
}

/**
 * Which refusal the client gets when every backend has one: of those that waiting mends the one that it mends first, else the
 * last; undefined = there is none.
 */
export function chooseRefusal(refusals: readonly GatewayError[]): GatewayError | undefined {
  const waitable = refusals.flatMap((refusal) => {
    const seconds = retryAfterSeconds(refusal);
    return seconds === undefined ? [] : [{ refusal, seconds }];
  });
  const [soonest] = waitable.sort((a, b) => a.seconds - b.seconds);
  return soonest?.refusal ?? refusals.at(-1);
}
