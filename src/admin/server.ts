import { createServer } from "node:http";
import type { Metrics } from "../observe/metrics.ts";

export interface AdminOptions {
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Undefined = ready; else what is missing, in words. */
  readonly notReady: () => Promise<string | undefined>;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** The open pages of the admin port: `/health` (alive), `/ready` (can serve), `/metrics` (Prometheus). */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    const text = (status: number, type: string, body: string): void => {
      response.writeHead(status, { "content-type": type });
      response.end(body);
    };
    switch (request.url?.split("?")[0]) {
      case "/health":
        text(200, "text/plain", "OK\n");
        return;
      case "/ready":
        options.notReady().then(
          (missing) => text(missing === undefined ? 200 : 503, "text/plain", `${missing ?? "OK"}\n`),
          () => text(503, "text/plain", "it could not be found out whether requests can be served\n"),
        );
        return;
      case "/metrics":
        options.metrics.render().then(
          (body) => text(200, "text/plain; version=0.0.4; charset=utf-8", body),
          () => text(500, "text/plain", "metrics could not be rendered\n"),
        );
        return;
      default:
        text(404, "text/plain", "there are /health, /ready and /metrics\n");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.address, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
