import { z } from "zod";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** Bytes of a Kubernetes quantity (`50Mi`, `1G`, `1024`); undefined when it is none. */
export function parseByteSize(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)([kMG]|[KMG]i)?$/.exec(text);
  const factor = found && factors[found[2] ?? ""];
  return found && factor ? Math.floor(Number(found[1]) * factor) : undefined;
}

/** A size; a plain number is bytes. Its output is bytes. */
export const byteSize = z.coerce.string().transform((text, context) => {
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return bytes;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(text)} is not a size; write e.g. 50Mi, 1Gi or a number of bytes`,
  });
  return z.NEVER;
});
