import { GatewayError } from "../../lib/errors.ts";

export interface DataUri {
  /** Lower case, without parameters. */
  readonly mediaType: string;
  readonly base64: string;
}

export function isDataUri(uri: string): boolean {
  return /^data:/i.test(uri);
}

/**
 * Reads a data URI (translation.md §3.6, R54). `path` names the member in messages.
 * @throws GatewayError `invalid_data_uri`
 */
export function parseDataUri(uri: string, path: string): DataUri {
  const comma = uri.indexOf(",");
  if (!isDataUri(uri) || comma < 0) throw invalid(path, "it must look like data:<type>;base64,<data>");
  const [type = "", ...parameters] = uri.slice("data:".length, comma).split(";");
  const mediaType = type.trim().toLowerCase() || "text/plain";
  const payload = uri.slice(comma + 1);
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === "base64");
  return { mediaType, base64: isBase64 ? normalBase64(payload, path) : percentDecoded(payload).toString("base64") };
}

/** The data as UTF-8 text. */
export function textOfDataUri(uri: DataUri): string {
  return Buffer.from(uri.base64, "base64").toString("utf8");
}

/** Extension of a URL's path in lower case, without the dot; query and fragment do not count (R89). `""` when there is none. */
export function urlExtension(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").split(/[?#]/, 1)[0] ?? "";
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}

function normalBase64(payload: string, path: string): string {
  const digits = payload
    .replace(/\s+/g, "")
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) throw invalid(path, "its data is not base64");
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, "=");
}

/** A `%` that no two hex digits follow stands for itself. */
function percentDecoded(payload: string): Buffer {
  const pieces = payload.split(/((?:%[0-9a-f]{2})+)/i);
  return Buffer.concat(
    pieces.map((piece, index) =>
      index % 2 === 1 ? Buffer.from(piece.replaceAll("%", ""), "hex") : Buffer.from(piece, "utf8"),
    ),
  );
}

function invalid(path: string, problem: string): GatewayError {
  return new GatewayError("invalid_data_uri", `${path}: the data URI cannot be read; ${problem}`, { param: path });
}
