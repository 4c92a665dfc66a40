import { GatewayError } from "../../lib/errors.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import { type ChatPart, type FilePart, type ImagePart, unsupportedPart } from "../common/chat-part.ts";
import { isDataUri, parseDataUri, textOfDataUri, urlExtension } from "../common/data-uri.ts";

/** One content block of a Messages request. */
export type Block = { readonly [member: string]: JsonOut };

const imageTypes = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

export interface PartOptions {
  /** The provider fetches images and documents by URL. */
  readonly urls: boolean;
  /** Names the provider schema in messages. */
  readonly schema: string;
}

/**
 * The block of a part; undefined for blank text, which the API refuses (R71).
 * @throws GatewayError `unsupported_content_part`, `unsupported_media_type`, `invalid_data_uri`, `image_url_not_supported`,
 *   `document_url_not_supported`
 */
export function convertPart(part: ChatPart, options: PartOptions): Block | undefined {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text.trim() === "" ? undefined : { type: "text", text: part.text, cache_control: part.cache?.raw };
    case "image_url":
      return { ...convertImage(part, options), cache_control: part.cache?.raw };
    case "file":
      return { ...convertFile(part, options), cache_control: part.cache?.raw };
    case "input_audio":
      throw unsupportedPart(part.path, "audio parts", options.schema);
  }
}

function convertImage(part: ImagePart, options: PartOptions): Block {
  if (!isDataUri(part.url)) return convertUrl(part, options);
  const { mediaType, base64 } = parseDataUri(part.url, part.path);
  if (mediaType === "application/pdf") return base64Block("document", mediaType, base64);
  const imageType = mediaType === "image/jpg" ? "image/jpeg" : mediaType;
  if (imageTypes.has(imageType)) return base64Block("image", imageType, base64);
  throw unsupportedType(part.path, mediaType, options.schema, "jpeg, png, gif, webp or pdf");
}

function convertUrl(part: ImagePart, options: PartOptions): Block {
  const isDocument = urlExtension(part.url) === "pdf";
  if (options.urls && /^https?:\/\//i.test(part.url)) {
    return { type: isDocument ? "document" : "image", source: { type: "url", url: part.url } };
  }
  const code = isDocument ? "document_url_not_supported" : "image_url_not_supported";
  const what = options.urls ? "only http and https URLs" : `no ${isDocument ? "document" : "image"} URLs`;
  throw new GatewayError(
    code,
    `${part.path}: ${options.schema} takes ${what}; send the ${isDocument ? "document" : "image"} as a data URI`,
    { param: part.path },
  );
}

function convertFile(part: FilePart, options: PartOptions): Block {
  const uri = parseDataUri(part.data, part.path);
  const title = part.filename;
  if (uri.mediaType === "application/pdf") return { ...base64Block("document", uri.mediaType, uri.base64), title };
  if (uri.mediaType.startsWith("text/")) {
    return { type: "document", source: { type: "text", media_type: "text/plain", data: textOfDataUri(uri) }, title };
  }
  throw unsupportedType(part.path, uri.mediaType, options.schema, "pdf or text");
}

function base64Block(type: "image" | "document", mediaType: string, data: string): Block {
  return { type, source: { type: "base64", media_type: mediaType, data } };
}

function unsupportedType(path: string, mediaType: string, schema: string, way: string): GatewayError {
  const shown = mediaType.replace(/[^a-z0-9.+/-]/g, "_").slice(0, 60);
  return new GatewayError("unsupported_media_type", `${path}: ${shown} is not supported by ${schema}; send ${way}`, {
    param: path,
  });
}
