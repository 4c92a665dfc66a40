import { GatewayError } from "../../../lib/errors.ts";
import type { JsonOut } from "../../../lib/raw-json.ts";
import { unsupportedPart } from "../chat-part.ts";
import type { DocumentBlock, ImageBlock, MessagesBlock } from "../messages/messages-block.ts";

const imageTypes = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

/**
 * The parts of a chat message that a user's block becomes.
 * @throws GatewayError `unsupported_media_type`, `document_url_not_supported`, `file_id_not_supported`, `unsupported_content_part`
 */
export function convertBlock(block: MessagesBlock, schema: string): readonly JsonOut[] {
  switch (block.type) {
    case "text":
      return [textPart(block.text)];
    case "image":
      return [convertImage(block, schema)];
    case "document":
      return convertDocument(block, schema);
    default:
      throw unsupportedPart(block.path, `${block.type} blocks in this place`, schema);
  }
}

export function textPart(text: string): JsonOut {
  return { type: "text", text };
}

function convertImage({ source, path }: ImageBlock, schema: string): JsonOut {
  switch (source.type) {
    case "url":
      return { type: "image_url", image_url: { url: source.url } };
    case "base64": {
      const mediaType = source.mediaType === "image/jpg" ? "image/jpeg" : source.mediaType;
      if (!imageTypes.has(mediaType)) throw unsupportedType(path, mediaType, schema, "jpeg, png, gif or webp");
      return { type: "image_url", image_url: { url: `data:${mediaType};base64,${source.data}` } };
    }
    case "file":
      throw fileId(path, schema);
    default:
      throw unsupportedPart(path, `images with a source of type "${source.type}"`, schema);
  }
}

function convertDocument({ source, path, title }: DocumentBlock, schema: string): readonly JsonOut[] {
  switch (source.type) {
    case "text":
      return [textPart(source.text)];
    case "content":
      return source.blocks.flatMap((block) => convertBlock(block, schema));
    case "base64": {
      if (source.mediaType !== "application/pdf") throw unsupportedType(path, source.mediaType, schema, "pdf or text");
      const file_data = `data:application/pdf;base64,${source.data}`;
      return [{ type: "file", file: { filename: title ?? "document.pdf", file_data } }];
    }
    case "url":
      throw new GatewayError(
        "document_url_not_supported",
        `${path}: ${schema} takes no document URLs; send the document as base64`,
        { param: path },
      );
    case "file":
      throw fileId(path, schema);
  }
}

function fileId(path: string, schema: string): GatewayError {
  return new GatewayError(
    "file_id_not_supported",
    `${path}: files by id are not supported by ${schema}; send the file as base64`,
    { param: path },
  );
}

function unsupportedType(path: string, mediaType: string, schema: string, way: string): GatewayError {
  const shown = mediaType.replace(/[^a-z0-9.+/-]/g, "_").slice(0, 60);
  return new GatewayError("unsupported_media_type", `${path}: ${shown} is not supported by ${schema}; send ${way}`, {
    param: path,
  });
}
