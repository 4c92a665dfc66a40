import { stringify } from "yaml";
import { limitUnits } from "../config/dialects/gateway-api/rate-limit.ts";
import { suggestion } from "../config/nearest.ts";
import { type CommandIo, listOption, parseOptions, UsageError } from "./options.ts";

const usage = `tollgate template NAME --set KEY=VALUE… [OPTIONS]
A resource, filled in, on standard output: tollgate template … | tollgate apply -f -
  token-budget        service, namespace, route, token_limit (100000), unit (Hour): tokens for each x-user-id
  provider-fallback   route, namespace, model, primary_provider, fallback_provider: backends <provider>-backend, one after the other
      --set KEY=VALUE     (repeatable)
`;

type Values = Readonly<Record<string, string>>;

interface Template {
  /** Every key; with its value where it has a default. */
  readonly keys: Readonly<Record<string, string | undefined>>;
  /** @throws UsageError */
  fill(values: Values): object;
}

function tokenLimit(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`token_limit must be a whole number, not ${text}`);
}

function limitUnit(text: string): string {
  const unit = limitUnits.find((one) => one === text);
  if (unit === undefined) throw new UsageError(`unit must be ${limitUnits.join(", ")}, not ${text}`);
  return unit;
}

const templates: Readonly<Record<string, Template>> = {
  "token-budget": {
    keys: { service: undefined, namespace: undefined, route: undefined, token_limit: "100000", unit: "Hour" },
    fill: ({ service, namespace, route, token_limit: limit = "", unit = "" }) => ({
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "BackendTrafficPolicy",
      metadata: { name: `${service}-token-budget`, namespace },
      spec: {
        targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: route }],
        rateLimit: {
          type: "Global",
          global: {
            rules: [
              {
                clientSelectors: [{ headers: [{ name: "x-user-id", type: "Distinct" }] }],
                limit: { requests: tokenLimit(limit), unit: limitUnit(unit) },
                cost: {
                  request: { from: "Number", number: 0 },
                  response: {
                    from: "Metadata",
                    metadata: { namespace: "io.envoy.ai_gateway", key: "llm_total_token" },
                  },
                },
              },
            ],
          },
        },
      },
    }),
  },
  "provider-fallback": {
    keys: {
      route: undefined,
      namespace: undefined,
      model: undefined,
      primary_provider: undefined,
      fallback_provider: undefined,
    },
    fill: ({ route, namespace, model, primary_provider: primary, fallback_provider: fallback }) => ({
      apiVersion: "aigateway.envoyproxy.io/v1alpha1",
      kind: "AIGatewayRoute",
      metadata: { name: `${route}-fallback`, namespace },
      spec: {
        rules: [
          {
            matches: [{ headers: [{ name: "x-ai-eg-model", value: model }] }],
            backendRefs: [
              { name: `${primary}-backend`, weight: 100, priority: 1 },
              { name: `${fallback}-backend`, weight: 100, priority: 2 },
            ],
          },
        ],
      },
    }),
  },
};

/** @throws UsageError that names the keys there are, and those that are missing */
function readValues(name: string, { keys }: Template, given: readonly string[]): Values {
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(keys)) if (value !== undefined) values[key] = value;
  for (const text of given) {
    const equals = text.indexOf("=");
    const key = text.slice(0, Math.max(equals, 0));
    if (equals < 1 || equals === text.length - 1) throw new UsageError(`--set must be KEY=VALUE, not ${text}`);
    if (!Object.hasOwn(keys, key))
      throw new UsageError(
        `${name} has no ${key}${suggestion(key, Object.keys(keys))}; it has ${Object.keys(keys).join(", ")}`,
      );
    values[key] = text.slice(equals + 1);
  }
  const missing = Object.keys(keys).filter((key) => values[key] === undefined);
  if (missing.length > 0)
    throw new UsageError(`${name} needs ${missing.map((key) => `--set ${key}=…`).join(" ")} as well`);
  return values;
}

/**
 * `tollgate template`.
 * @throws UsageError
 */
export async function template(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    set: { type: "string", multiple: true },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const [name = "", more] = positionals;
  const found = Object.hasOwn(templates, name) ? templates[name] : undefined;
  if (found === undefined || more !== undefined)
    throw new UsageError(`name one template: ${Object.keys(templates).join(" or ")}`);
  io.stdout.write(stringify(found.fill(readValues(name, found, listOption(values["set"])))));
  return 0;
}
