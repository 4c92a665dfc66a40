import type { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import type { ResourceOf } from "../resource.ts";

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** The Gateway that is always there: ourselves. Every route is attached to it. */
export const ownGatewayName = "tollgate";

/** Whether a route hangs on this Gateway. One without `parentRefs`, as the tutorial's, hangs on every Gateway. */
export function isAttached(route: ResourceOf<typeof aiGatewayRoute>, gateway: Named): boolean {
  const { parentRefs = [] } = route.body.spec;
  if (parentRefs.length === 0 || gateway.name === ownGatewayName) return true;
  return parentRefs.some(
    ({ name, namespace }) => name === gateway.name && (namespace ?? route.namespace) === gateway.namespace,
  );
}
