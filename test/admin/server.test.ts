import { request } from "node:http";
import { expect } from "chai";
import { type AdminServer, startAdminServer } from "../../src/admin/server.ts";
import { Secret } from "../../src/core/auth.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { adminToken, get as ask, startAdmin } from "./support.ts";

describe("admin server", () => {
  let server: AdminServer & { readonly url: string };
  let missing: () => Promise<string | undefined>;
  const metrics = new Metrics();

  before(async () => {
    server = await startAdmin({}, () => missing(), metrics);
  });

  after(() => server.close());

  beforeEach(() => {
    missing = () => Promise.resolve(undefined);
  });

  async function get(path: string): Promise<string> {
    const { status, type, text } = await ask(`${server.url}${path}`, "");
    return `${status} ${type} ${text}`;
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
    expect(await get("/")).to.equal(
      "404 text/plain there are /health, /ready, /metrics, and with the admin token /receipts/{id}, /budgets, /budgets/{namespace}/{name}/accounts/{key}, /budgets/{name}/accounts/{key}\n",
    );
  });

  const closed = ["/receipts/1", "/budgets", "/budgets/ns/b/accounts/alice", "/budgets/b/accounts/alice"];

  it("lets nobody see receipts and budgets without the token, and says how to send it", async () => {
    for (const path of closed) {
      for (const authorization of [
        "",
        adminToken,
        "Bearer",
        "Bearer ",
        `Basic ${adminToken}`,
        `Bearer ${adminToken.slice(0, -1)}`,
        `Bearer ${adminToken}x`,
        `Bearer ${adminToken.toUpperCase()}`,
        `Bearer x${adminToken}`,
      ]) {
        const refused = await ask(`${server.url}${path}`, authorization);
        expect(refused.status, `${path} ${authorization}`).to.equal(401);
        expect(refused.json()).to.have.nested.property("error.code", "admin_token_required");
        expect(refused.text).to.contain("authorization: Bearer <admin token>").and.not.contain(adminToken);
      }
      for (const authorization of [`Bearer ${adminToken}`, `bearer  ${adminToken}`])
        expect((await ask(`${server.url}${path}`, authorization)).status, path).to.be.oneOf([200, 404]);
    }
  });

  it("asks in the way of HTTP for the token", async () => {
    const response = await fetch(`${server.url}/budgets`);
    expect(response.headers.get("www-authenticate")).to.equal('Bearer realm="tollgate admin"');
  });

  it("is only read", async () => {
    for (const path of ["/health", ...closed])
      expect((await ask(`${server.url}${path}`, "", "POST")).status).to.equal(405);
    expect((await ask(`${server.url}/health`, "", "HEAD")).status).to.equal(200);
  });

  it("takes paths that are none for pages that are not there", async () => {
    for (const path of ["/receipts/%zz", "/receipts/", "/receipts/1/2", "/budgets/", "//", "/receipts/%"]) {
      const text = await new Promise((resolve, reject) => {
        request({ port: server.port, path, headers: { authorization: `Bearer ${adminToken}` } }, (response) => {
          let body = "";
          response.on("data", (chunk: Buffer) => {
            body += chunk.toString();
          });
          response.on("end", () => resolve(body));
        })
          .on("error", reject)
          .end();
      });
      expect(text, path).to.match(/^there are \/health/);
    }
  });

  it("rejects when the port is taken", async () => {
    const { port } = server;
    const token = new Secret(adminToken);
    const second = startAdminServer({ address: "127.0.0.1", port, token, metrics, notReady: () => missing() });
    expect(await second.then(() => "started").catch((error: NodeJS.ErrnoException) => error.code)).to.equal(
      "EADDRINUSE",
    );
  });
});
