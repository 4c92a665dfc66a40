import type { Metrics } from "../../observe/metrics.ts";
import { type Route, textAnswer } from "../route.ts";

/** `/metrics`, in Prometheus' text format. */
export function metricsRoute(metrics: Metrics): Route {
  return {
    path: "/metrics",
    open: true,
    answer: () =>
      metrics.render().then(
        (body) => ({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body }),
        () => textAnswer(500, "metrics could not be rendered\n"),
      ),
  };
}
