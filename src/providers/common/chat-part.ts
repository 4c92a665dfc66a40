import { GatewayError } from "../../lib/errors.ts";
import { type CacheMark, cacheMarkMembers, readCacheMark } from "./cache-mark.ts";
import { invalidField, optionalString, requiredObject, requiredString } from "./guards.ts";
import type { JsonView } from "./json-view.ts";
import type { Warnings } from "./warnings.ts";

interface PartPlace {
  /** Where the part stands in the request, for messages about it. */
  readonly path: string;
  readonly cache: CacheMark | undefined;
}

export type TextPart = PartPlace & { readonly type: "text"; readonly text: string };
export type RefusalPart = PartPlace & { readonly type: "refusal"; readonly text: string };
/** `url` is a data URI or a URL. */
export type ImagePart = PartPlace & { readonly type: "image_url"; readonly url: string };
/** `data` is a data URI. */
export type FilePart = PartPlace & {
  readonly type: "file";
  readonly data: string;
  readonly filename: string | undefined;
};
/** `data` is base64. */
export type AudioPart = PartPlace & { readonly type: "input_audio"; readonly data: string; readonly format: string };
export type ChatPart = TextPart | RefusalPart | ImagePart | FilePart | AudioPart;

const partMembers = {
  text: new Set(["type", "text", ...cacheMarkMembers]),
  refusal: new Set(["type", "refusal", ...cacheMarkMembers]),
  image_url: new Set(["type", "image_url", ...cacheMarkMembers]),
  file: new Set(["type", "file", ...cacheMarkMembers]),
  input_audio: new Set(["type", "input_audio", ...cacheMarkMembers]),
};
const imageMembers = new Set(["url"]);
const imageDefaults = { detail: "auto" };
const fileMembers = new Set(["file_data", "filename", "file_id"]);
const audioMembers = new Set(["data", "format"]);

/**
 * The parts of a message's `content`: a string counts as one text part, `null` as none. Members that have no place at the
 * providers are reported in `warnings`.
 * @param schema names the provider schema in messages
 * @throws GatewayError `invalid_field`, `unsupported_content_part`, `file_id_not_supported`
 */
export function readParts(content: JsonView, schema: string, warnings: Warnings): readonly ChatPart[] {
  if (!content.told) return [];
  if (content.string !== undefined) {
    return [{ type: "text", text: content.string, path: content.path, cache: undefined }];
  }
  if (content.elements === undefined) throw invalidField(content, "a string or an array of parts");
  return content.elements.map((part) => readPart(requiredObject(part), schema, warnings));
}

function readPart(part: JsonView, schema: string, warnings: Warnings): ChatPart {
  const type = requiredString(part.member("type"));
  const place: PartPlace = { path: part.path, cache: readCacheMark(part) };
  if (Object.hasOwn(partMembers, type)) warnings.droppedUnless(part, partMembers[type as keyof typeof partMembers]);
  switch (type) {
    case "text":
      return { ...place, type, text: requiredString(part.member("text")) };
    case "refusal":
      return { ...place, type, text: requiredString(part.member("refusal")) };
    case "image_url": {
      const image = requiredObject(part.member("image_url"));
      warnings.droppedUnless(image, imageMembers, imageDefaults);
      return { ...place, type, url: requiredString(image.member("url")) };
    }
    case "file":
      return readFile(part, place, schema, warnings);
    case "input_audio": {
      const audio = requiredObject(part.member("input_audio"));
      warnings.droppedUnless(audio, audioMembers);
      return {
        ...place,
        type,
        data: requiredString(audio.member("data")),
        format: requiredString(audio.member("format")),
      };
    }
    default:
      throw unsupportedPart(part.path, `parts of type "${type.slice(0, 40)}"`, schema);
  }
}

function readFile(part: JsonView, place: PartPlace, schema: string, warnings: Warnings): FilePart {
  const file = requiredObject(part.member("file"));
  warnings.droppedUnless(file, fileMembers);
  const data = optionalString(file.member("file_data"));
  if (data === undefined && file.member("file_id").told) {
    throw new GatewayError(
      "file_id_not_supported",
      `${part.path}: files by id are not supported by ${schema}; send the file as a data URI in file_data`,
      { param: part.path },
    );
  }
  return {
    ...place,
    type: "file",
    data: data ?? requiredString(file.member("file_data")),
    filename: optionalString(file.member("filename")),
  };
}

/** The refusal of a part that this schema has no place for (R88). `what` is plural: `audio parts`. */
export function unsupportedPart(path: string, what: string, schema: string): GatewayError {
  return new GatewayError("unsupported_content_part", `${path}: ${what} are not supported by ${schema}`, {
    param: path,
  });
}
