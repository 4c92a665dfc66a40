import { createServer, type IncomingMessage } from "node:http";
import type { Secret } from "../core/auth.ts";
import type { Metrics } from "../observe/metrics.ts";
import { authorize } from "./authorize.ts";
import { isKubePath, type ResourceApi } from "./kube/resource-api.ts";
import { serveKube } from "./kube/serve.ts";
import { matchPath } from "./match-path.ts";
import { type Answer, errorAnswer, type Route, textAnswer } from "./route.ts";
import { makeRoutes } from "./routes/index.ts";
import type { AdminSources } from "./sources.ts";

export interface AdminOptions {
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Asked for by every page that is not open. */
  readonly token: Secret;
  readonly metrics: Metrics;
  /** Undefined = ready; else what is missing, in words. */
  readonly notReady: () => Promise<string | undefined>;
  readonly sources?: AdminSources;
  /** What kubectl talks to; undefined = this gateway takes no resources that way. */
  readonly resourceApi?: ResourceApi | undefined;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

function pages(routes: readonly Route[]): string {
  const listed = (open: boolean): string =>
    routes
      .filter((route) => route.open === open)
      .map(({ path }) => path)
      .join(", ");
  return `there are ${listed(true)}, and with the admin token ${listed(false)}\n`;
}

async function answerTo(request: IncomingMessage, routes: readonly Route[], token: Secret): Promise<Answer> {
  const path = request.url?.split("?")[0] ?? "";
  for (const route of routes) {
    const parameters = matchPath(route.path, path);
    if (parameters === undefined) continue;
    if (request.method !== "GET" && request.method !== "HEAD")
      return { ...textAnswer(405, "this page is read with GET\n"), headers: { allow: "GET, HEAD" } };
    const refusal = route.open ? undefined : authorize(request.headers.authorization, token);
    return refusal ?? (await route.answer(parameters));
  }
  return textAnswer(404, pages(routes));
}

/** The admin port: `/health`, `/ready` and `/metrics` for everybody, receipts and budgets for whoever has the token. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const { address, metrics, notReady, resourceApi, sources = {}, token } = options;
  const routes = makeRoutes({ metrics, notReady, sources });
  const server = createServer((request, response) => {
    if (resourceApi !== undefined && isKubePath(request.url?.split("?")[0] ?? "")) {
      serveKube(request, response, resourceApi, token).catch(() => response.destroy());
      return;
    }
    answerTo(request, routes, token)
      // what a page needs is elsewhere: a store that is away or a disk; its error is no business of the client
      .catch(() => errorAnswer(503, "unavailable", "what this page shows cannot be read now; try again"))
      .then(({ status, type, body, headers }) => {
        response.writeHead(status, { "content-type": type, ...headers });
        response.end(body);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, address, resolve);
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : options.port;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
