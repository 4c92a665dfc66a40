import { z } from "zod";

/** Where a backend is. `prefix` is the path before `/chat/completions` and its like; undefined = none was written. */
export interface EndpointUrl {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly prefix: string | undefined;
}

/** Reads `https://host[:port][/prefix]` or `http://…`; a string says what is wrong with it. */
export function parseEndpointUrl(text: string): EndpointUrl | string {
  if (!URL.canParse(text)) return "is not a URL";
  const url = new URL(text);
  const tls = url.protocol === "https:";
  if (!tls && url.protocol !== "http:") return "must begin with https:// or http://";
  if (url.username !== "" || url.password !== "") return "must not hold credentials; put them into a Secret";
  if (url.search !== "" || url.hash !== "") return "must not have a query or fragment";
  const prefix = url.pathname.replace(/\/+$/, "");
  return {
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    tls,
    prefix: prefix === "" ? undefined : prefix,
  };
}

/** `https://host[:port][/prefix]`; its output is the parts. */
export const endpointUrl = z.string().transform((text, context): EndpointUrl => {
  const endpoint = parseEndpointUrl(text);
  if (typeof endpoint !== "string") return endpoint;
  context.addIssue({ code: "custom", message: `${endpoint}; write https://host[:port][/prefix]` });
  return z.NEVER;
});
