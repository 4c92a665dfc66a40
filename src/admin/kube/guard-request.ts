import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { KubeError } from "./status.ts";

/** The host without port and brackets; undefined = none, or nonsense. */
function hostName(host: string | undefined): string | undefined {
  return /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::\d+)?$/i
    .exec(host ?? "")
    ?.slice(1)
    .find((name) => name !== undefined);
}

/**
 * Keeps web pages out, whatever credentials a browser would add: their names are not this machine's (a name that somebody else resolves
 * could be made to lead here), and their origin is another one.
 * @throws KubeError (403)
 */
export function guardRequest(method: string, headers: IncomingHttpHeaders): void {
  const name = hostName(headers.host);
  if (name === undefined || (name !== "localhost" && isIP(name) === 0))
    throw new KubeError(
      403,
      "Forbidden",
      "the resource API is asked by IP address or as localhost, not by another name",
    );
  const { origin } = headers;
  if (method === "GET" || method === "HEAD" || origin === undefined) return;
  if (origin !== `http://${headers.host}` && origin !== `https://${headers.host}`)
    throw new KubeError(403, "Forbidden", "web pages of other origins cannot change resources");
}
