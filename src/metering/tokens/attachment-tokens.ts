import type { JsonRange } from "../../lib/json-scanner.ts";

/**
 * What an attachment counts for at most (limits.md L31): stated allowances, because its real number depends on what only the
 * provider sees.
 *
 * OpenAI documents two ways ("Images and vision", calculating costs). Tiles: a picture is fitted into 2048 × 2048, then its
 * shorter side is brought to 768; every tile of 512 × 512 counts, at most 2 × 4 of them, plus a base. Patches of 32 × 32: at
 * most 1,536, times a factor. Detail is taken as high.
 */
const mostTiles = 8;
const tiles = (base: number, tile: number): number => base + mostTiles * tile;
const patches = (count: number, factor: number): number => Math.ceil(count * factor);

/** By the beginning of the upstream model's name; the first that matches. */
const images: readonly (readonly [RegExp, number])[] = [
  [/^(?:ft:)?gpt-4o-mini/, tiles(2_833, 5_667)],
  [/^(?:ft:)?gpt-4\.1-mini/, patches(1_536, 1.62)],
  [/^(?:ft:)?gpt-4\.1-nano/, patches(1_536, 2.46)],
  [/^(?:ft:)?o4-mini/, patches(1_536, 1.72)],
  [/^(?:ft:)?(?:chat)?gpt-4(?![0-9])/, tiles(85, 170)],
  [/^(?:ft:)?o[13](?![0-9a-z])/, tiles(75, 150)],
  [/^gpt-5-mini/, patches(1_536, 1.62)],
  [/^gpt-5-nano/, patches(1_536, 2.46)],
  [/^gpt-5(?:-|$)/, tiles(70, 140)],
  // later ones of the family take up to 10,000 patches when asked for original detail; the dearest factor
  [/^gpt-5\./, patches(10_000, 2.46)],
  // width × height ÷ 750, at most 4,784 for the models that see the largest pictures
  [/claude/, 5_000],
];
/** Of models that are not listed: above what Gemini, Nova, Llama, Pixtral and Qwen document for one picture. */
const unlistedImage = 16_384;

/** The dearest speech is 36 tokens a second; the smallest MP3 has 1,365 base64 bytes a second. */
const audioBytesPerToken = 16;

/** A file that is only named: as much as the common models can read at all. */
const namedFileTokens = 200_000;

/** The most that one picture counts for with a model, in tokens. */
export function imageTokens(model: string): number {
  return images.find(([name]) => name.test(model))?.[1] ?? unlistedImage;
}

export type AttachmentKind = "image" | "audio" | "fileData" | "fileId" | "base64";

/**
 * What a string in a message is that stands under these names, whatever their case; undefined when it is text. `type` is that of
 * the block that has a `source`, as far as it is known.
 */
export function attachmentKind(
  parent: string | undefined,
  name: string | undefined,
  type: string | undefined,
): AttachmentKind | undefined {
  const key = name?.toLowerCase();
  const above = parent?.toLowerCase();
  if (parent === "source" && name === "url") return type === "image" ? "image" : "fileId";
  if (parent === "source" && name === "file_id") return "fileId";
  if (key === "image_url" || (key === "url" && above === "image_url")) return "image";
  if (key === "data" && above === "input_audio") return "audio";
  if (above !== "file") return undefined;
  return key === "file_data" ? "fileData" : key === "file_id" ? "fileId" : undefined;
}

/** So much of a data URI is looked at to tell a picture from another file. */
const prefixBytes = 16;

/**
 * The most that an attachment counts for. A file counts by its base64 bytes, which bound its plain text but not that of a
 * compressed PDF, and for one picture; so does what is no picture's data URI, because some providers take PDFs where pictures
 * are expected.
 */
export function attachmentTokens(kind: AttachmentKind, raw: Uint8Array, range: JsonRange, perImage: number): number {
  const bytes = range.end - range.start;
  switch (kind) {
    case "image":
      return isPictureData(raw, range) ? perImage : bytes + perImage;
    case "audio":
      return Math.ceil(bytes / audioBytesPerToken);
    case "fileData":
      return bytes + perImage;
    case "fileId":
      return namedFileTokens;
    case "base64":
      return startsPicture(raw, range) ? perImage : bytes + perImage;
  }
}

/** PNG, JPEG, GIF and WebP by what their base64 begins with; a slash may be escaped. */
function startsPicture(raw: Uint8Array, { start, end }: JsonRange): boolean {
  const prefix = Buffer.from(raw.buffer, raw.byteOffset + start, Math.min(end - start, prefixBytes)).toString("latin1");
  return /^(?:iVBORw0KGgo|\\?\/9j\\?\/|R0lGOD|UklGR)/.test(prefix);
}

function isPictureData(raw: Uint8Array, { start, end }: JsonRange): boolean {
  const prefix = Buffer.from(raw.buffer, raw.byteOffset + start, Math.min(end - start, prefixBytes)).toString("latin1");
  return /^data:image\\?\//i.test(prefix);
}
