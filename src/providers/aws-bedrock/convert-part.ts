import { GatewayError } from "../../lib/errors.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import type { AudioPart, ChatPart, FilePart, ImagePart } from "../common/chat-part.ts";
import { type DataUri, isDataUri, parseDataUri, urlExtension } from "../common/data-uri.ts";
import type { DocumentNames } from "./document-names.ts";

/** One content block of a Converse request. */
export type Block = { readonly [member: string]: JsonOut };

const imageFormats = new Map([
  ["image/jpeg", "jpeg"],
  ["image/jpg", "jpeg"],
  ["image/png", "png"],
  ["image/gif", "gif"],
  ["image/webp", "webp"],
]);
const documentFormats = new Map([
  ["application/pdf", "pdf"],
  ["text/csv", "csv"],
  ["application/msword", "doc"],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
  ["application/vnd.ms-excel", "xls"],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
  ["text/html", "html"],
  ["text/plain", "txt"],
  ["text/markdown", "md"],
]);
const documentExtensions = new Set(documentFormats.values());
const audioFormats = new Set(["wav", "mp3"]);

export interface PartOptions {
  readonly documentNames: DocumentNames;
  /** Names the provider schema in messages. */
  readonly schema: string;
}

/**
 * The block of a part; undefined for blank text, which the API refuses (R71).
 * @throws GatewayError `unsupported_media_type`, `invalid_data_uri`, `image_url_not_supported`
 */
export function convertPart(part: ChatPart, options: PartOptions): Block | undefined {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text.trim() === "" ? undefined : { text: part.text };
    case "image_url":
      return convertImage(part, options);
    case "file":
      return convertFile(part, options);
    case "input_audio":
      return convertAudio(part, options);
  }
}

function convertImage(part: ImagePart, options: PartOptions): Block {
  if (!isDataUri(part.url)) {
    throw new GatewayError(
      "image_url_not_supported",
      `${part.path}: image URLs are not supported by ${options.schema}; send the image as a data URI`,
      { param: part.path },
    );
  }
  const uri = parseDataUri(part.url, part.path);
  if (uri.mediaType === "application/pdf") return documentBlock("pdf", undefined, uri, options);
  const format = imageFormats.get(uri.mediaType);
  if (format !== undefined) return { image: { format, source: { bytes: uri.base64 } } };
  throw unsupportedType(part.path, uri.mediaType, options.schema, "jpeg, png, gif, webp or pdf");
}

/** The media type tells the format, else the file's extension. */
function convertFile(part: FilePart, options: PartOptions): Block {
  const uri = parseDataUri(part.data, part.path);
  const extension = urlExtension(part.filename ?? "");
  const format = documentFormats.get(uri.mediaType) ?? (documentExtensions.has(extension) ? extension : undefined);
  if (format !== undefined) return documentBlock(format, part.filename, uri, options);
  throw unsupportedType(part.path, uri.mediaType, options.schema, [...documentExtensions].join(", "));
}

function documentBlock(format: string, filename: string | undefined, uri: DataUri, options: PartOptions): Block {
  return { document: { format, name: options.documentNames.take(filename), source: { bytes: uri.base64 } } };
}

function convertAudio(part: AudioPart, options: PartOptions): Block {
  if (audioFormats.has(part.format)) return { audio: { format: part.format, source: { bytes: part.data } } };
  throw unsupportedType(part.path, `audio/${part.format}`, options.schema, [...audioFormats].join(" or "));
}

function unsupportedType(path: string, mediaType: string, schema: string, way: string): GatewayError {
  const shown = mediaType.replace(/[^A-Za-z0-9.+/-]/g, "_").slice(0, 60);
  return new GatewayError("unsupported_media_type", `${path}: ${shown} is not supported by ${schema}; send ${way}`, {
    param: path,
  });
}
