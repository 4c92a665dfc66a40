import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { isIPv4, isIPv6 } from "../../values/cidr.ts";
import { envoyGatewayGroup } from "../common/groups.ts";

const port = z.int().min(1).max(65535);

const endpoint = z
  .strictObject({
    fqdn: z.strictObject({ hostname: z.string().min(1), port }).optional(),
    ip: z
      .strictObject({
        address: z.string().refine((text) => isIPv4(text) || isIPv6(text), "must be an IP address"),
        port,
      })
      .optional(),
    unix: z.unknown().optional(),
    hostname: z.string().optional(),
    zone: z.string().optional(),
  })
  .superRefine(({ fqdn, ip, unix }, context) => {
    if (unix !== undefined)
      context.addIssue({
        code: "custom",
        path: ["unix"],
        message: "Unix sockets are not supported yet; use fqdn or ip",
      });
    else if ((fqdn === undefined) === (ip === undefined))
      context.addIssue({ code: "custom", message: "needs exactly one of fqdn and ip" });
  });

/** How a server is trusted; certificates of one's own are not supported yet. */
export const trust = {
  wellKnownCACertificates: z.literal("System", "must be System").optional(),
  caCertificateRefs: z.never("is not supported yet; use wellKnownCACertificates: System").optional(),
};

/** Where a provider is. */
export const backend = defineKind({
  group: envoyGatewayGroup,
  versions: ["v1alpha1"],
  kind: "Backend",
  body: {
    spec: z.strictObject({
      type: z.literal("Endpoints", "only type Endpoints is supported").optional(),
      endpoints: z.array(endpoint).min(1),
      tls: z
        .strictObject({ ...trust, insecureSkipVerify: z.boolean().optional(), sni: z.string().min(1).optional() })
        .optional(),
      appProtocols: z.unknown().optional(),
      fallback: z.unknown().optional(),
    }),
  },
});
