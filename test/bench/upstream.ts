import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { claimPort } from "../../src/cli/ports.ts";
import { startEnvoy, stopProcess } from "../support/stack.ts";

const text = "word ".repeat(100);
const tokens = { input: 60, output: 40 };

/** What each provider answers, by the beginning of its path. */
const answers: Readonly<Record<string, object>> = {
  "/v1/messages": {
    id: "msg_bench",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-20250514",
    content: [{ type: "text", text }],
    stop_reason: "end_turn",
    usage: { input_tokens: tokens.input, output_tokens: tokens.output },
  },
  "/model/": {
    output: { message: { role: "assistant", content: [{ text }] } },
    stopReason: "end_turn",
    usage: { inputTokens: tokens.input, outputTokens: tokens.output, totalTokens: tokens.input + tokens.output },
  },
  "/": {
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1,
    model: "gpt-4o",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    usage: {
      prompt_tokens: tokens.input,
      completion_tokens: tokens.output,
      total_tokens: tokens.input + tokens.output,
    },
  },
};

const manager = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

interface Plain {
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

async function start(
  directory: string,
  name: string,
  routes: readonly object[],
  clusters: readonly object[],
): Promise<Plain> {
  const port = await claimPort("127.0.0.1", 0, "");
  const bootstrap = {
    static_resources: {
      listeners: [
        {
          name,
          address: { socket_address: { address: "127.0.0.1", port_value: port } },
          filter_chains: [
            {
              filters: [
                {
                  name: "hcm",
                  typed_config: {
                    "@type": manager,
                    stat_prefix: name,
                    http_filters: [{ name: "router", typed_config: { "@type": router } }],
                    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters,
    },
  };
  const file = join(directory, `${name}.json`);
  writeFileSync(file, JSON.stringify(bootstrap));
  const child = await startEnvoy(file, directory, port);
  return { port, pid: child.pid ?? 0, close: () => stopProcess(child) };
}

/** Providers that are never the bottleneck: an Envoy that answers at once, always the same. */
export function startUpstream(directory: string): Promise<Plain> {
  const routes = Object.entries(answers).map(([prefix, answer]) => ({
    match: { prefix },
    direct_response: { status: 200, body: { inline_string: JSON.stringify(answer) } },
    response_headers_to_add: [
      { header: { key: "content-type", value: "application/json" }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
    ],
  }));
  return start(directory, "upstream", routes, []);
}

/** The floor: Envoy as a plain proxy before the same provider. */
export function startPlainProxy(directory: string, upstreamPort: number, name = "plain"): Promise<Plain> {
  const cluster = {
    name: "upstream",
    type: "STATIC",
    load_assignment: {
      cluster_name: "upstream",
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: upstreamPort } } } },
          ],
        },
      ],
    },
  };
  return start(directory, name, [{ match: { prefix: "/" }, route: { cluster: "upstream" } }], [cluster]);
}
