import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { claimPort } from "../../src/cli/ports.ts";
import { type Answer, send } from "../support/client.ts";
import { startServe, type TollgateProcess } from "../support/serve.ts";
import { startEnvoy, stopProcess } from "../support/stack.ts";

/** As written for the standard service; days, so that no window ends during the test. */
const limits = `
domain: shop
descriptors:
  - key: area
    value: search
    rate_limit: {unit: day, requests_per_unit: 3}
  - key: area
    value: files/*
    rate_limit: {unit: day, requests_per_unit: 2}
  - key: area
    value: watched
    shadow_mode: true
    rate_limit: {unit: day, requests_per_unit: 1}
  - key: area
    value: watched too
    shadow_mode: true
    rate_limit: {unit: day, requests_per_unit: 1}
  - key: area
    value: weighed
    rate_limit: {unit: day, requests_per_unit: 10}
  - key: user
    rate_limit: {unit: day, requests_per_unit: 5, name: users}
  - key: user
    value: free-rider
    rate_limit: {unlimited: true}
  - key: user
    value: blocked
    rate_limit: {unit: day, requests_per_unit: 0}
  - key: vip
    value: "yes"
    rate_limit: {unit: day, requests_per_unit: 7, replaces: [{name: users}]}
`;

const typed = (name: string, fields: object) => ({ "@type": `type.googleapis.com/${name}`, ...fields });

function fromHeader(key: string, header: string): object {
  return { actions: [{ request_headers: { descriptor_key: key, header_name: header, skip_if_absent: false } }] };
}

/** An ordinary rate-limit filter, as somebody has who uses the standard service. */
function envoyConfiguration(port: number, upstreamPort: number, grpcSocket: string): object {
  const hit = { descriptor_key: "area", descriptor_value: "weighed" };
  const routes = [
    {
      match: { path: "/weighed" },
      route: { cluster: "shop" },
      typed_per_filter_config: {
        "envoy.filters.http.ratelimit": typed("envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute", {
          rate_limits: [{ actions: [{ generic_key: hit }], hits_addend: { number: 4 } }],
        }),
      },
    },
    {
      match: { path: "/special" },
      route: {
        cluster: "shop",
        rate_limits: [
          {
            ...fromHeader("area", "x-area"),
            limit: { dynamic_metadata: { metadata_key: { key: "shop", path: [{ key: "special" }] } } },
          },
        ],
      },
    },
    {
      match: { prefix: "/" },
      route: {
        cluster: "shop",
        rate_limits: [fromHeader("area", "x-area"), fromHeader("user", "x-user"), fromHeader("vip", "x-vip")],
      },
    },
  ];
  const address = (at: object) => [{ lb_endpoints: [{ endpoint: { address: at } }] }];
  const limiter = {
    name: "envoy.filters.http.ratelimit",
    typed_config: typed("envoy.extensions.filters.http.ratelimit.v3.RateLimit", {
      domain: "shop",
      failure_mode_deny: true,
      timeout: "2s",
      enable_x_ratelimit_headers: "DRAFT_VERSION_03",
      rate_limit_service: {
        transport_api_version: "V3",
        grpc_service: { envoy_grpc: { cluster_name: "limits" } },
      },
    }),
  };
  const metadata = {
    name: "envoy.filters.http.set_metadata",
    typed_config: typed("envoy.extensions.filters.http.set_metadata.v3.Config", {
      metadata: [{ metadata_namespace: "shop", value: { special: { requests_per_unit: 4, unit: "DAY" } } }],
    }),
  };
  const router = { name: "router", typed_config: typed("envoy.extensions.filters.http.router.v3.Router", {}) };
  const manager = typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "shop",
    route_config: { virtual_hosts: [{ name: "shop", domains: ["*"], routes }] },
    http_filters: [metadata, limiter, router],
  });
  const http2 = typed("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", {
    explicit_http_config: { http2_protocol_options: {} },
  });
  return {
    static_resources: {
      listeners: [
        {
          name: "clients",
          address: { socket_address: { address: "127.0.0.1", port_value: port } },
          filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: "shop",
          load_assignment: {
            cluster_name: "shop",
            endpoints: address({ socket_address: { address: "127.0.0.1", port_value: upstreamPort } }),
          },
        },
        {
          name: "limits",
          typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2 },
          load_assignment: { cluster_name: "limits", endpoints: address({ pipe: { path: grpcSocket } }) },
        },
      ],
    },
  };
}

describe("in place of the standard rate-limit service, behind somebody's Envoy (L17)", function () {
  this.timeout(60_000);
  let folder: string;
  let upstream: Server;
  let served: number;
  let tollgate: TollgateProcess;
  let envoy: ChildProcess | undefined;
  let adminPort: number;
  let url: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-limits-"));
    mkdirSync(join(folder, "limits"));
    writeFileSync(join(folder, "limits", "shop.yaml"), limits);
    upstream = createServer((_, response) => {
      served++;
      response.end("from the shop");
    }).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    adminPort = await claimPort("127.0.0.1", 0, "");
    const socket = join(folder, "grpc.sock");
    const args = ["--rate-limit-config", join(folder, "limits"), "--listen", `unix:${socket}`];
    tollgate = await startServe(args, adminPort, {});
    const port = await claimPort("127.0.0.1", 0, "");
    const file = join(folder, "envoy.json");
    writeFileSync(file, JSON.stringify(envoyConfiguration(port, (upstream.address() as AddressInfo).port, socket)));
    envoy = await startEnvoy(file, folder, port);
    url = `http://127.0.0.1:${port}`;
  });
  beforeEach(() => {
    served = 0;
  });
  after(async () => {
    if (envoy !== undefined) await stopProcess(envoy);
    await tollgate?.stop("SIGTERM");
    upstream?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const get = (headers: Readonly<Record<string, string>>, path = "/"): Promise<Answer> =>
    send(url, { method: "GET", path, headers });

  /** The statuses of calls one after the other. */
  async function statuses(calls: number, headers: Readonly<Record<string, string>>, path?: string): Promise<number[]> {
    const seen: number[] = [];
    for (let call = 0; call < calls; call++) seen.push((await get(headers, path)).status);
    return seen;
  }

  it("says which domains it serves", () => {
    expect(tollgate.stderr()).to.contain("limits of the domains shop");
  });

  it("refuses the call after the limit, with the headers that Envoy makes of the answer, and sends it nowhere", async () => {
    const area = { "x-area": "search" };
    const first = await get(area);
    expect(first.status).to.equal(200);
    expect(first.headers["x-ratelimit-limit"]).to.equal("3, 3;w=86400");
    expect(first.headers["x-ratelimit-remaining"]).to.equal("2");
    expect(Number(first.headers["x-ratelimit-reset"])).to.be.within(1, 86_400);
    expect(await statuses(2, area)).to.deep.equal([200, 200]);
    const refused = await get(area);
    expect(refused.status).to.equal(429);
    expect(refused.text).to.equal("");
    expect(refused.headers["x-envoy-ratelimited"]).to.equal("true");
    expect(refused.headers["x-ratelimit-remaining"]).to.equal("0");
    expect(served).to.equal(3);
  });

  it("counts each value of a wildcard apart, and each user", async () => {
    expect(await statuses(3, { "x-area": "files/a" })).to.deep.equal([200, 200, 429]);
    expect(await statuses(1, { "x-area": "files/b" })).to.deep.equal([200]);
    expect(await statuses(6, { "x-user": "ada" })).to.deep.equal([200, 200, 200, 200, 200, 429]);
    expect(await statuses(1, { "x-user": "grace" })).to.deep.equal([200]);
  });

  it("counts a refused call on its other limits too, as the standard service does", async () => {
    const both = { "x-user": "eve", "x-area": "files/eve" };
    expect(await statuses(5, both)).to.deep.equal([200, 200, 429, 429, 429]);
    expect(await statuses(1, { "x-user": "eve" })).to.deep.equal([429]);
  });

  it("lets pass what no limit is for, and what is unlimited; refuses what has a limit of 0", async () => {
    expect(await statuses(8, { "x-area": "nothing of the kind" })).to.deep.equal(Array(8).fill(200));
    expect(await statuses(8, { "x-user": "free-rider" })).to.deep.equal(Array(8).fill(200));
    expect(await statuses(1, { "x-user": "blocked" })).to.deep.equal([429]);
  });

  it("a limit that replaces another takes its place", async () => {
    expect(await statuses(8, { "x-user": "vera", "x-vip": "yes" })).to.deep.equal([...Array(7).fill(200), 429]);
    expect(await statuses(1, { "x-user": "vera" })).to.deep.equal([200]);
  });

  it("adds what the route says a call weighs", async () => {
    expect(await statuses(3, {}, "/weighed")).to.deep.equal([200, 200, 429]);
  });

  it("a limit that the filter sends along takes the place of the configured one, of shadow mode and of none (L13)", async () => {
    for (const area of ["search-engine", "watched too"]) {
      expect(await statuses(5, { "x-area": area }, "/special")).to.deep.equal([200, 200, 200, 200, 429]);
    }
  });

  it("shadow mode refuses nothing and is told by a metric", async () => {
    expect(await statuses(3, { "x-area": "watched" })).to.deep.equal([200, 200, 200]);
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    expect(metrics).to.contain('descriptor_hits_total{descriptor="shop.area_watched",outcome="shadow_mode"} 2');
  });
});
