import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import fc from "fast-check";
import { loadConfiguration } from "../../src/cli/configuration.ts";
import { renderBootstrap } from "../../src/envoy/bootstrap.ts";
import type { RenderOptions } from "../../src/envoy/options.ts";
import { aiResource, configOf, policy } from "../config/support.ts";
import { Judge, parts } from "./support.ts";

const examples = fileURLToPath(new URL("../../envoy/", import.meta.url));
const keys = { OPENAI_API_KEY: "sk-openai", ANTHROPIC_API_KEY: "sk-ant" };

describe("the configuration that Envoy gets", function () {
  this.timeout(60_000);
  let judge: Judge;

  before(() => {
    judge = new Judge();
  });
  after(() => judge.close());

  describe("is valid for Envoy", () => {
    // of patterns each file stands alone
    const folders = readdirSync(join(examples, "resources")).filter((name) => name !== "patterns");
    const patterns = readdirSync(join(examples, "resources/patterns")).map((name) => `patterns/${name}`);

    it("has examples", () => {
      expect(folders).to.include.members(["demo", "tutorial", "sidecar"]);
      expect(patterns).to.include("patterns/team-budgets.yaml");
    });

    for (const name of [...folders, ...patterns]) {
      it(`rendered from envoy/resources/${name}`, async () => {
        const { config } = loadConfiguration([join(examples, "resources", name)], keys);
        expect(await judge.objections(renderBootstrap(config, judge.options))).to.equal("");
      });
    }

    const tutorial = join(examples, "resources/tutorial");
    for (const file of readdirSync(tutorial).filter((name) => !name.startsWith("00-"))) {
      it(`rendered from the tutorial's ${file} with its route and credentials`, async () => {
        const files = ["00-credentials.yaml", "00-llm-route.yaml", "06-backends.yaml", file];
        const { config } = loadConfiguration(
          [...new Set(files)].map((name) => join(tutorial, name)),
          keys,
        );
        expect(await judge.objections(renderBootstrap(config, judge.options))).to.equal("");
      });
    }

    it("rendered from resources without a backend, a route or a limit", async () => {
      const config = configOf(aiResource("AIBackend", "a", "{provider: vLLM}"));
      expect(await judge.objections(renderBootstrap(config, judge.options))).to.equal("");
    });

    for (const grpcAddress of ["127.0.0.1:9000", "[::1]:9000", "tollgate.internal:9000"]) {
      it(`with gRPC at ${grpcAddress}`, async () => {
        const config = configOf(aiResource("AIBackend", "a", "{provider: vLLM}"));
        const options: RenderOptions = { ...judge.options, grpcAddress, adminPort: 0, accessLogPath: "/dev/null" };
        expect(await judge.objections(renderBootstrap(config, options))).to.equal("");
      });
    }

    it("hand-written: envoy/envoy.yaml, with the mocks and with the real providers", async () => {
      const written = readFileSync(join(examples, "envoy.yaml"), "utf8");
      expect(await judge.objections(written)).to.equal("");
      // what the file itself says to do for real providers
      const real = written.replaceAll(/^.*# mock$\n/gm, "").replaceAll(/^( *)#~ /gm, "$1");
      expect(real).to.not.contain("port_value: 18081");
      expect(real).to.contain("sni: api.anthropic.com");
      const withCertificates = real.replaceAll("/etc/ssl/certs/ca-certificates.crt", judge.trustedCaFile);
      expect(await judge.objections(withCertificates)).to.equal("");
    });

    it("and Envoy says no to a misspelled field, so these tests can fail", async () => {
      const config = configOf(aiResource("AIBackend", "a", "{provider: vLLM}"));
      const bootstrap = { ...renderBootstrap(config, judge.options), static_resuorces: {} };
      expect(await judge.objections(bootstrap)).to.contain("static_resuorces");
    });
  });

  describe("has what was found to matter", () => {
    const text = [
      aiResource("AIBackend", "openai", "{provider: OpenAI}"),
      aiResource("AIBackend", "local", "{provider: vLLM, endpoint: 'http://127.0.0.1:8000'}"),
      aiResource(
        "AIGatewayRoute",
        "llm",
        "{rules: [{name: main, matches: [{headers: [{name: x-ai-eg-model, value: m}]}], backendRefs: [{name: openai, priority: 0}, {name: local, priority: 1}]}]}",
      ),
      aiResource("LLMRequestCost", "costs", "{llmRequestCosts: [{metadataKey: tokens, type: TotalToken}]}"),
      policy(
        "limits",
        `{targetRefs: [{group: g, kind: AIGatewayRoute, name: llm}], rateLimit: {type: Global, global: {rules: [
          {clientSelectors: [{headers: [{name: X-Customer, type: Distinct}]}], limit: {requests: 10, unit: Hour},
           cost: {request: {from: Number, number: 0}, response: {from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: tokens}}}}]}}}`,
      ),
    ].join("\n---\n");
    const render = (changes: Partial<RenderOptions> = {}) => {
      const config = configOf(text);
      const bootstrap = renderBootstrap(config, { ...judge.options, ...changes });
      return { config, bootstrap, ...parts(bootstrap) };
    };
    const [openai, local] = ["default/openai", "default/local"];

    it("is itself valid for Envoy", async () => {
      expect(await judge.objections(render().bootstrap)).to.equal("");
    });

    it("connections to our gRPC services are renewed soon, unless what serves there takes all resets", () => {
      const most = (changes: Partial<RenderOptions>): unknown =>
        render(changes).cluster("tollgate").typed_extension_protocol_options[
          "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        ].common_http_protocol_options.max_requests_per_connection;
      expect(most({})).to.equal(500);
      expect(most({ grpcTakesAllResets: true })).to.equal(1_000_000);
    });

    it("every backend has a tombstone of second priority that takes no live traffic", () => {
      const { cluster, listener } = render();
      for (const name of [openai, local]) {
        const { policy: balancing, endpoints } = cluster(name).load_assignment;
        expect(balancing.overprovisioning_factor).to.equal(100_000);
        expect(endpoints.map(({ priority }: { priority: number }) => priority)).to.deep.equal([0, 1]);
        expect(endpoints[1].lb_endpoints[0].endpoint.address.socket_address).to.deep.equal({
          address: "127.0.0.1",
          port_value: 18_999,
        });
      }
      expect(listener("tombstone").address.socket_address).to.deep.equal({ address: "127.0.0.1", port_value: 18_999 });
    });

    it("the tombstone of a TLS backend speaks plain HTTP", () => {
      const { cluster } = render();
      const { transport_socket_matches: matches, load_assignment: assignment } = cluster(openai);
      expect(matches).to.have.length(1);
      expect(matches[0].transport_socket.name).to.equal("envoy.transport_sockets.raw_buffer");
      const { metadata } = assignment.endpoints[1].lb_endpoints[0];
      expect(metadata.filter_metadata["envoy.transport_socket_match"]).to.deep.equal(matches[0].match);
      expect(assignment.endpoints[0].lb_endpoints[0]).to.not.have.property("metadata");
    });

    it("a TLS backend is asked for by name, and its certificate must be for that name and from a trusted issuer", () => {
      const tls = render().cluster(openai).transport_socket.typed_config;
      expect(tls.sni).to.equal("api.openai.com");
      expect(tls.common_tls_context.validation_context).to.deep.equal({
        trusted_ca: { filename: judge.trustedCaFile },
        match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "api.openai.com" } }],
      });
      expect(render().cluster(local)).to.not.have.any.keys("transport_socket", "transport_socket_matches");
    });

    it("each rule has two routes, and only the one for streams has per-try timeouts", () => {
      const { routes } = render();
      const [stream, json, last] = routes;
      expect(routes).to.have.length(3);
      const headers = (route: typeof json) => route.match.headers.map(({ name }: { name: string }) => name);
      expect(headers(stream)).to.deep.equal(["x-tollgate-route", "x-tollgate-stream"]);
      expect(headers(json)).to.deep.equal(["x-tollgate-route"]);
      expect(stream.route.retry_policy).to.include({ per_try_timeout: "120s", per_try_idle_timeout: "60s" });
      expect(json.route.retry_policy).to.not.have.any.keys("per_try_timeout", "per_try_idle_timeout");
      expect(stream.route.timeout).to.equal("600s").and.to.equal(json.route.timeout);
      expect(last.direct_response.status).to.equal(404);
    });

    it("a route takes the order of backends from the request's metadata, and its own when there is none", () => {
      const { route } = render().routes[1] ?? {};
      const specifier = route.inline_cluster_specifier_plugin.extension.typed_config;
      expect(specifier.override_metadata_namespace).to.equal("tollgate.route");
      expect(
        specifier.priority_groups.map(
          (group: { clusters: { cluster_name: string }[] }) => group.clusters[0]?.cluster_name,
        ),
      ).to.deep.equal([openai, local]);
      expect(route.retry_policy.refresh_cluster_on_retry).to.equal(true);
      expect(route.auto_host_rewrite).to.equal(true);
    });

    it("limits stand where Envoy obeys hits_addend, once as a check and once as a charge at the end", () => {
      const { config, rateLimits, routes } = render();
      expect(rateLimits).to.have.length(2 * config.limits.size);
      const [check, charge] = rateLimits;
      expect(check.hits_addend).to.deep.equal({ format: "%DYNAMIC_METADATA(tollgate.limits:1:request)%" });
      expect(check).to.not.have.property("apply_on_stream_done");
      expect(charge.hits_addend).to.deep.equal({ format: "%DYNAMIC_METADATA(tollgate.charges:1)%" });
      expect(charge.apply_on_stream_done).to.equal(true);
      for (const { actions } of [check, charge]) {
        for (const [index, key] of ["rule", "account"].entries()) {
          expect(actions[index].metadata).to.include({ source: "DYNAMIC", descriptor_key: key });
          expect(actions[index].metadata.metadata_key.path).to.deep.equal([{ key: "1" }, { key }]);
        }
      }
      for (const { route } of routes) expect(route ?? {}).to.not.have.property("rate_limits");
    });

    it("the gateway away means 503, never that everybody passes", () => {
      const { filter } = render();
      expect(filter("envoy.filters.http.ratelimit")).to.deep.include({
        failure_mode_deny: true,
        status_on_error: { code: "ServiceUnavailable" },
      });
      const router = filter("envoy.filters.http.ext_proc/router");
      expect(router.status_on_error).to.deep.equal({ code: "ServiceUnavailable" });
      expect(router).to.not.have.property("failure_mode_allow");
    });

    it("clients are told of failures without the details, which name sockets and addresses", () => {
      const { mappers } = render().manager.local_reply_config;
      const failures = mappers.filter((mapper: object) => /ext_proc_error|code >= 500/.test(JSON.stringify(mapper)));
      expect(failures).to.have.length(4);
      for (const { body_format_override: format } of failures)
        expect(JSON.stringify(format)).to.not.contain("RESPONSE_CODE_DETAILS");
    });

    it("connections to the gateway are renewed before Node closes them, and hold many streams", () => {
      const { http, cluster } = render();
      expect(http("tollgate").common_http_protocol_options.max_requests_per_connection).to.equal(500);
      expect(cluster("tollgate").circuit_breakers.thresholds[0].max_requests).to.equal(100_000);
    });

    it("the attempt's exchange is skipped in the cluster of the backend that was expected, and only there", () => {
      const { upstreamFilters } = render();
      for (const name of [openai, local]) {
        const [attempt, outgoing, codec] = upstreamFilters(name);
        const { matcher_tree: tree } = attempt.typed_config.xds_matcher;
        expect(tree.input.typed_config.header_name).to.equal("x-tollgate-backend");
        expect(Object.keys(tree.exact_match_map.map)).to.deep.equal([name]);
        const removed = outgoing.typed_config.mutations.request_mutations.map((one: { remove?: string }) => one.remove);
        expect(removed).to.include.members(["x-tollgate-backend", "x-tollgate-route", "x-ai-eg-model"]);
        expect(removed).to.not.include("x-tollgate-session");
        expect(codec.name).to.equal("envoy.filters.http.upstream_codec");
      }
    });

    it("the headers that say who a client is end at the gateway: the trusted ones and those that limits count by", () => {
      const [, outgoing] = render().upstreamFilters(openai);
      const removed = outgoing.typed_config.mutations.request_mutations.map((one: { remove?: string }) => one.remove);
      expect(removed).to.include.members(["x-user-id", "x-team-id", "x-customer"]);
    });

    it("no client-sent internal header gets to a filter, and the model's gets through", () => {
      const [{ typed_config: early }] = render().manager.early_header_mutation_extensions;
      const patterns: RegExp[] = [];
      const names: string[] = [];
      for (const mutation of early.mutations) {
        if (mutation.remove !== undefined) names.push(mutation.remove);
        else patterns.push(new RegExp(`^(?:${mutation.remove_on_match.key_matcher.safe_regex.regex})$`));
      }
      const stripped = (name: string): boolean => names.includes(name) || patterns.some((one) => one.test(name));
      for (const kept of ["x-ai-eg-model", "x-user-id", "authorization", "x-request-id", "x-forwarded-for", "x-ai"])
        expect(stripped(kept), kept).to.equal(false);
      for (const name of ["x-ai-eg-mode", "x-ai-eg-m", "x-ai-eg-", "x-ai-eg-model-x", "x-aigw-api-key"])
        expect(stripped(name), name).to.equal(true);
      for (const name of ["x-envoy-max-retries", "x-envoy-retry-on", "x-envoy-attempt-count"])
        expect(stripped(name), name).to.equal(true);
      const tail = fc.stringMatching(/^[a-z0-9-]{0,12}$/);
      fc.assert(
        fc.property(fc.constantFrom("x-tollgate-", "x-ai-eg-", "x-ai-eg-mod", "x-ai-eg-model"), tail, (head, rest) => {
          expect(stripped(head + rest)).to.equal(head + rest !== "x-ai-eg-model");
        }),
      );
    });

    it("the source address is the true one, with as many trusted proxies as are configured", () => {
      expect(render().manager).to.include({ use_remote_address: true, xff_num_trusted_hops: 0 });
    });
  });
});
