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

/** Together they stand in the head of an answer, which clients read up to a size only. */
const mostWarningBytes = 4_000;

function warningLines(warnings: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let bytes = 0;
  for (const [index, warning] of warnings.entries()) {
    const line = `299 - ${JSON.stringify(oneLine(warning))}`;
    bytes += line.length;
    if (bytes > mostWarningBytes) {
      lines.push(`299 - "and ${warnings.length - index} more: kubectl describe tells them"`);
      break;
    }
    lines.push(line);
  }
  return lines;
}

/** `warnings` are printed by clients, each on a line of its own. */
export function answerJson(status: number, value: unknown, warnings: readonly string[] = []): KubeAnswer {
  return {
    status,
    type: "application/json",
    body: `${JSON.stringify(value)}\n`,
    ...(warnings.length === 0 ? {} : { headers: { warning: warningLines(warnings) } }),
  };
}

/** Headers carry no other characters; what is left out is only decoration. */
function oneLine(text: string): string {
  return text.replaceAll("…", "...").replace(/[^\x21-\x7e]+/g, " ");
}
