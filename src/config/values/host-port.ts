import { z } from "zod";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[ipv6]:port`; its output is the parts. */
export const hostPort = z.string().transform((text, context): HostPort => {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:\s/]+):(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (found !== null && port >= 1 && port <= 65535) return { host: (found[1] ?? "").replace(/^\[|\]$/g, ""), port };
  context.addIssue({ code: "custom", message: `${JSON.stringify(text)} is not an address; write host:port` });
  return z.NEVER;
});
