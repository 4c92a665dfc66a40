import type { KindDefinition } from "../kind-definition.ts";
import { aiGatewayRoute } from "./ai-gateway/ai-gateway-route.ts";
import { aiServiceBackend } from "./ai-gateway/ai-service-backend.ts";
import { backendSecurityPolicy } from "./ai-gateway/backend-security-policy.ts";
import { gatewayConfig } from "./ai-gateway/gateway-config.ts";
import { quotaPolicy } from "./ai-gateway/quota-policy.ts";
import { backend } from "./gateway-api/backend.ts";
import { backendTlsPolicy } from "./gateway-api/backend-tls-policy.ts";
import { backendTrafficPolicy } from "./gateway-api/backend-traffic-policy.ts";
import { configMap } from "./gateway-api/config-map.ts";
import { gateway } from "./gateway-api/gateway.ts";
import { gatewayClass } from "./gateway-api/gateway-class.ts";
import { httpRoute } from "./gateway-api/http-route.ts";
import { namespace } from "./gateway-api/namespace.ts";
import { referenceGrant } from "./gateway-api/reference-grant.ts";
import { secret } from "./gateway-api/secret.ts";
import { budget } from "./tollgate/budget.ts";
import { mockBackend } from "./tollgate/mock-backend.ts";
import { priceBook } from "./tollgate/price-book.ts";
import { tollgateConfig } from "./tollgate/tollgate-config.ts";
import { aiBackend } from "./tutorial/ai-backend.ts";
import { llmRequestCost } from "./tutorial/llm-request-cost.ts";

/** Every kind that is read. */
export const kinds: readonly KindDefinition<unknown>[] = [
  aiGatewayRoute,
  aiServiceBackend,
  backendSecurityPolicy,
  gatewayConfig,
  quotaPolicy,
  aiBackend,
  llmRequestCost,
  backendTrafficPolicy,
  backend,
  backendTlsPolicy,
  gateway,
  gatewayClass,
  httpRoute,
  referenceGrant,
  secret,
  configMap,
  namespace,
  mockBackend,
  budget,
  priceBook,
  tollgateConfig,
];
