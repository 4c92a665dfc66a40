import type { Headers } from "../core/headers.ts";

/** What planning sees of a request. */
export interface RequestView {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  /** Host without port, lower case. */
  readonly host: string;
  readonly headers: Headers;
  /** The true source address without port (Envoy's, never a client's header). */
  readonly sourceAddress: string | undefined;
}
