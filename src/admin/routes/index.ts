import type { Metrics } from "../../observe/metrics.ts";
import type { Route } from "../route.ts";
import type { AdminSources } from "../sources.ts";
import { accountByNameRoute, accountRoute } from "./account.ts";
import { budgetsRoute } from "./budgets.ts";
import { healthRoute } from "./health.ts";
import { metricsRoute } from "./metrics.ts";
import { readyRoute } from "./ready.ts";
import { receiptRoute } from "./receipt.ts";

export interface RouteOptions {
  readonly metrics: Metrics;
  /** Undefined = ready; else what is missing, in words. */
  readonly notReady: () => Promise<string | undefined>;
  readonly sources: AdminSources;
}

/** Every page of the admin port. */
export function makeRoutes({ metrics, notReady, sources }: RouteOptions): readonly Route[] {
  return [
    healthRoute,
    readyRoute(notReady),
    metricsRoute(metrics),
    receiptRoute(sources),
    budgetsRoute(sources),
    accountRoute(sources),
    accountByNameRoute(sources),
  ];
}
