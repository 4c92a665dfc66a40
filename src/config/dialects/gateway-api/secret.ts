import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { coreGroup } from "../common/groups.ts";

const isBase64 = (text: string): boolean =>
  /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text) && text.replace(/\s/g, "").length % 4 === 0;

/** Credentials. No message may show a value. */
export const secret = defineKind({
  group: coreGroup,
  versions: ["v1"],
  kind: "Secret",
  body: {
    type: z.string().optional(),
    immutable: z.boolean().optional(),
    data: z.record(z.string(), z.string().refine(isBase64, "is not base64; use stringData for plain text")).nullish(),
    stringData: z.record(z.string(), z.string()).nullish(),
  },
});
