import type { IncomingHttpHeaders } from "node:http";

/** A request to the resource API, after the admin token was checked. */
export interface KubeRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** @throws KubeError when it is too large */
  readonly body: () => Promise<Buffer>;
}

/** Settled when the client went away. */
export type Follow = (write: (line: string) => void, gone: AbortSignal) => Promise<void>;

export interface KubeAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** The answer goes on until it settles; `body` is empty then. */
  readonly follow?: Follow;
}

/** `warnings` are printed by clients, each on a line of its own. */
export function answerJson(status: number, value: unknown, warnings: readonly string[] = []): KubeAnswer {
  const lines = warnings.map((text) => `299 - ${JSON.stringify(oneLine(text))}`);
  return {
    status,
    type: "application/json",
    body: `${JSON.stringify(value)}\n`,
    ...(lines.length === 0 ? {} : { headers: { warning: lines } }),
  };
}

/** Headers carry no other characters; what is left out is only decoration. */
function oneLine(text: string): string {
  return text.replaceAll("…", "...").replace(/[^\x21-\x7e]+/g, " ");
}
