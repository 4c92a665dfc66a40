import type { Headers } from "../core/headers.ts";
import type { Settings } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";

/** What Envoy's own limit would be. Envoy is given a larger one: above its limit it closes the connection without a word. */
const maxHeaderBytes = 60 * 1024;

/**
 * Refuses by its headers what is too large to be served.
 * @throws GatewayError `request_headers_too_large`, `request_too_large`
 */
export function checkHead(headers: Headers, { listener }: Settings): void {
  let bytes = 0;
  for (const name of headers.names()) for (const value of headers.all(name)) bytes += name.length + value.length;
  if (bytes > maxHeaderBytes) {
    throw new GatewayError(
      "request_headers_too_large",
      `the request's headers are larger than the ${maxHeaderBytes} bytes allowed here`,
    );
  }
  const limit = listener.bufferLimitBytes;
  if (Number(headers.get("content-length") ?? 0) > limit) {
    throw new GatewayError("request_too_large", `the request body is larger than the ${limit} bytes allowed here`);
  }
}
