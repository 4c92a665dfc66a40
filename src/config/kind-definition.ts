import { z } from "zod";
import { metadata } from "./dialects/common/metadata.ts";

/** One kind that is read: what its documents look like. */
export interface KindDefinition<Body> {
  /** API group; "" for the core group. */
  readonly group: string;
  /** The newest first. */
  readonly versions: readonly string[];
  readonly kind: string;
  readonly namespaced: boolean;
  /** Of the whole document; strict at every level. */
  readonly schema: z.ZodType<Body & Envelope>;
}

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: z.output<typeof metadata>;
  readonly status?: unknown;
}

/** `body`: the members beside the envelope, mostly `spec`. */
export function defineKind<Body extends z.ZodRawShape>(definition: {
  readonly group: string;
  readonly versions: readonly string[];
  readonly kind: string;
  readonly namespaced?: boolean;
  readonly body: Body;
}): KindDefinition<z.output<z.ZodObject<Body>>> {
  const { body, namespaced = true, ...names } = definition;
  const schema = z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata,
    status: z.unknown().optional(),
    ...body,
  });
  return { ...names, namespaced, schema: schema as unknown as z.ZodType<z.output<z.ZodObject<Body>> & Envelope> };
}
