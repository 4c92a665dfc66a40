import { expect } from "chai";
import { type AdminServer, startAdminServer } from "../../src/admin/server.ts";
import { Metrics } from "../../src/observe/metrics.ts";

describe("admin server", () => {
  let server: AdminServer;
  let missing: () => Promise<string | undefined>;
  const metrics = new Metrics();

  before(async () => {
    server = await startAdminServer({ address: "127.0.0.1", port: 0, metrics, notReady: () => missing() });
  });

  after(() => server.close());

  beforeEach(() => {
    missing = () => Promise.resolve(undefined);
  });

  async function get(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return `${response.status} ${response.headers.get("content-type")} ${await response.text()}`;
  }

  it("says that it is alive, whatever is missing", async () => {
    missing = () => Promise.resolve("Envoy is away");
    expect(await get("/health")).to.equal("200 text/plain OK\n");
  });

  it("is ready when nothing is missing, asked anew each time", async () => {
    expect(await get("/ready")).to.equal("200 text/plain OK\n");
    missing = () => Promise.resolve("Envoy is away");
    expect(await get("/ready?verbose")).to.equal("503 text/plain Envoy is away\n");
  });

  it("is not ready when that cannot be found out, and tells nothing of the reason", async () => {
    missing = () => Promise.reject(new Error("must-not-be-shown"));
    expect(await get("/ready")).to.equal("503 text/plain it could not be found out whether requests can be served\n");
  });

  it("gives the metrics in Prometheus' text format", async () => {
    metrics.increment("refusals_total", { rule: "r" });
    expect(await get("/metrics"))
      .to.match(/^200 text\/plain; version=0\.0\.4/)
      .and.contain('{rule="r"} 1\n');
  });

  it("says what there is where there is nothing", async () => {
    expect(await get("/")).to.equal("404 text/plain there are /health, /ready and /metrics\n");
  });

  it("rejects when the port is taken", async () => {
    const { port } = server;
    const second = startAdminServer({ address: "127.0.0.1", port, metrics, notReady: () => missing() });
    expect(await second.then(() => "started").catch((error: NodeJS.ErrnoException) => error.code)).to.equal(
      "EADDRINUSE",
    );
  });
});
