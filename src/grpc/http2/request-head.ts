import type { HeaderField } from "./header-field.ts";

/** What a request begins with, as far as it must be known to be answered. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Undefined = not told. */
  readonly contentLength: number | undefined;
  /** All but pseudo-headers. */
  readonly headers: readonly HeaderField[];
}

/** Fields that belong to one HTTP/1 connection (RFC 9113 §8.2.2). */
const connectionFields = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

const pseudoHeaders = new Set([":method", ":scheme", ":path", ":authority"]);

/** Undefined when it is malformed (RFC 9113 §8.3). CONNECT is malformed too: nobody could serve it. */
export function readRequestHead(fields: readonly HeaderField[]): RequestHead | undefined {
  const pseudo = new Map<string, string>();
  const headers: HeaderField[] = [];
  let contentLength: number | undefined;
  for (const field of fields) {
    const { name, value } = field;
    if (name.startsWith(":")) {
      if (!field.wellFormed || headers.length > 0 || !pseudoHeaders.has(name) || pseudo.has(name)) return undefined;
      pseudo.set(name, value);
      continue;
    }
    if (!isAllowed(field)) return undefined;
    if (name === "content-length") {
      if (contentLength !== undefined || !/^\d{1,15}$/.test(value)) return undefined;
      contentLength = Number(value);
    }
    headers.push(field);
  }
  const method = pseudo.get(":method");
  const path = pseudo.get(":path");
  if (method === undefined || path === undefined || path === "" || !pseudo.has(":scheme")) return undefined;
  return { method, path, contentLength, headers };
}

/** Whether fields after the body may be taken. */
export function areTrailers(fields: readonly HeaderField[]): boolean {
  return fields.every((field) => !field.name.startsWith(":") && isAllowed(field));
}

function isAllowed({ name, value, wellFormed }: HeaderField): boolean {
  return wellFormed && !connectionFields.has(name) && (name !== "te" || value === "trailers");
}
