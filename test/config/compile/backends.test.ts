// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${ENV} is what Secrets say
import { expect } from "chai";
import { aiResource, backendOf, configOf, configureText, document, messages, secret } from "../support.ts";

const key = secret("keys", "{api-key: ' sk-1 ', apiKey: sk-2}");
const withKey = "auth: {apiKeySecretRef: {name: keys, key: api-key}}";

function aiBackendOf(spec: string, more = key) {
  return backendOf(configOf(aiResource("AIBackend", "b", `{${spec}}`) + more), "default/b");
}

describe("compileBackends, AIBackend", () => {
  it("knows host, port, TLS, schema and name of a provider, in whatever case", () => {
    const backend = aiBackendOf(`provider: openai, ${withKey}`);
    expect(backend).to.deep.include({ providerName: "openai", schema: "OpenAI", unusable: undefined });
    expect(backend.endpoint).to.deep.equal({
      hostname: "api.openai.com",
      port: 443,
      tls: { sni: "api.openai.com", caFile: undefined, insecureSkipVerify: false },
    });
    expect(backend.options.prefix).to.equal(undefined);
  });

  it("gives each vendor its own way to authenticate", () => {
    const openai = aiBackendOf(`provider: OpenAI, ${withKey}`).auth;
    const anthropic = aiBackendOf(`provider: Anthropic, ${withKey}`).auth;
    expect(openai.type === "APIKey" && openai.key.reveal()).to.equal("sk-1");
    expect(anthropic.type).to.equal("AnthropicAPIKey");
    expect(JSON.stringify([openai, anthropic])).not.to.contain("sk-1");
  });

  it("speaks to Azure at the address of its resource, as the version says", () => {
    const azure = (more: string) =>
      aiBackendOf(`provider: AzureOpenAI, endpoint: "https://acme.openai.azure.com", ${more} ${withKey}`);
    const { endpoint, auth, options, schema, fallback } = azure('version: "2024-10-21",');
    expect([endpoint.hostname, endpoint.tls?.sni, schema, fallback]).to.deep.equal([
      "acme.openai.azure.com",
      "acme.openai.azure.com",
      "AzureOpenAI",
      undefined,
    ]);
    expect(auth.type === "AzureAPIKey" && auth.key.reveal()).to.equal("sk-1");
    expect(options.azure).to.deep.equal({ surface: "deployments", apiVersion: "2024-10-21" });
    expect(azure("").options.azure).to.deep.equal({ surface: "v1" });
    expect(azure("version: v1,").options.azure).to.deep.equal({ surface: "v1" });
    expect(azure("version: preview,").options.azure).to.deep.equal({ surface: "v1", apiVersion: "preview" });
  });

  it("takes an address that was copied with the beginning of Azure's paths", () => {
    const prefixOf = (path: string) =>
      aiBackendOf(`provider: azure, endpoint: "https://a.example${path}", ${withKey}`).options.prefix;
    expect([prefixOf("/openai"), prefixOf("/openai/v1/"), prefixOf("/apim"), prefixOf("/apim/openai")]).to.deep.equal([
      "",
      "",
      "/apim",
      "/apim",
    ]);
  });

  it("knows OpenAI-compatible providers with their prefixes", () => {
    const groq = aiBackendOf(`provider: groq, ${withKey}`);
    expect([groq.providerName, groq.schema, groq.endpoint.hostname, groq.options.prefix]).to.deep.equal([
      "groq",
      "OpenAI",
      "api.groq.com",
      "/openai/v1",
    ]);
    expect(groq.fallback).to.equal(undefined);
  });

  it("speaks plain HTTP to local servers, which need no key", () => {
    const { endpoint, auth } = aiBackendOf("provider: Ollama");
    expect(endpoint).to.deep.equal({ hostname: "127.0.0.1", port: 11434, tls: undefined });
    expect(auth).to.deep.equal({ type: "None" });
  });

  it("takes another endpoint with its prefix", () => {
    const { endpoint, options } = aiBackendOf(`provider: OpenAI, endpoint: "http://llm.local:8000/api/v2", ${withKey}`);
    expect(endpoint).to.deep.equal({ hostname: "llm.local", port: 8000, tls: undefined });
    expect(options.prefix).to.equal("/api/v2");
  });

  it("takes model, models and the Anthropic version", () => {
    const backend = aiBackendOf(
      `provider: Anthropic, model: claude-x, models: {gpt-4o: claude-y}, version: "2023-06-01", ${withKey}`,
    );
    expect(backend.modelNameOverride).to.equal("claude-x");
    expect([...backend.models]).to.deep.equal([["gpt-4o", "claude-y"]]);
    expect(backend.options.anthropicVersion).to.equal("2023-06-01");
  });

  it("replaces other vendors' models, and only those, by the vendor's default", () => {
    const { fallback } = aiBackendOf(`provider: Anthropic, ${withKey}`);
    expect(fallback?.model).to.equal("claude-sonnet-4-20250514");
    const foreign = ["gpt-4o", "o3-mini", "us.anthropic.claude-x", "amazon.nova-lite-v1:0"];
    const own = ["claude-3-5-haiku-20241022", "my-model", "ollama-x"];
    expect(foreign.filter((model) => fallback?.foreignModels.test(model))).to.deep.equal(foreign);
    expect(own.filter((model) => fallback?.foreignModels.test(model))).to.deep.equal([]);
  });

  it("lets TollgateConfig choose defaults of vendors and Anthropic's maximum of tokens", () => {
    const settings = document(
      "tollgate.dev/v1alpha1",
      "TollgateConfig",
      "t",
      "{defaults: {maxTokensAnthropic: 99, fallbackModels: {Anthropic: claude-z}}}",
    );
    const backend = aiBackendOf(`provider: Anthropic, ${withKey}`, key + settings);
    expect(backend.fallback?.model).to.equal("claude-z");
    expect(backend.options.defaultMaxTokens).to.equal(99);
  });

  it("warns when a provider that needs a key has none", () => {
    const configured = configureText(aiResource("AIBackend", "b", "{provider: OpenAI}"));
    expect(messages(configured)).to.deep.equal([
      "5:1 spec: warning: OpenAI asks for a key; name its Secret in spec.auth.apiKeySecretRef",
    ]);
  });

  it("is an error when nothing can be translated to the schema", () => {
    const configured = configureText(aiResource("AIBackend", "b", "{provider: vLLM}"), {
      pairs: new Map([["Anthropic", new Set(["chat"] as const)]]),
    });
    expect(messages(configured, "error")[0]).to.contain(
      "nothing can be translated to the schema OpenAI; supported: Anthropic",
    );
  });
});

describe("compileBackends, AWS Bedrock", () => {
  const spec = "provider: AWS Bedrock, region: eu-west-1, auth: {apiKeySecretRef: {name: aws}}";
  const keysOf = (more: string, env: Record<string, string> = {}) => {
    const { auth, endpoint } = backendOf(
      configOf(aiResource("AIBackend", "b", `{${spec}}`) + more, { env }),
      "default/b",
    );
    if (auth.type !== "AWSCredentials") throw new Error(auth.type);
    return [
      endpoint.hostname,
      auth.region,
      auth.accessKeyId.reveal(),
      auth.secretAccessKey.reveal(),
      auth.sessionToken?.reveal(),
    ];
  };

  it("takes the keys of its Secret, and the region for host and signature", () => {
    const host = "bedrock-runtime.eu-west-1.amazonaws.com";
    expect(keysOf(secret("aws", "{access-key-id: AK, secret-access-key: SK}"))).to.deep.equal([
      host,
      "eu-west-1",
      "AK",
      "SK",
      undefined,
    ]);
    expect(keysOf(secret("aws", "{access-key-id: AK, secret-access-key: SK, session-token: ST}"))[4]).to.equal("ST");
  });

  it("takes an AWS credentials file", () => {
    const ini =
      '"[other]\\naws_access_key_id = X\\n[default]\\n# c\\naws_access_key_id = AK\\naws_secret_access_key=SK=\\n"';
    expect(keysOf(secret("aws", `{credentials: ${ini}}`)).slice(2)).to.deep.equal(["AK", "SK=", undefined]);
  });

  it("says what the Secret should hold", () => {
    const configured = configureText(aiResource("AIBackend", "b", `{${spec}}`) + secret("aws", "{api-key: x}"));
    expect(messages(configured, "unresolved")[0]).to.contain(
      "has neither the keys access-key-id and secret-access-key nor credentials",
    );
  });

  it("names the environment variable that a key waits for", () => {
    const backend = configureText(
      aiResource("AIBackend", "b", `{${spec}}`) + secret("aws", "{access-key-id: '${AKID}', secret-access-key: SK}"),
    );
    expect(backend.config?.backends.get("default/b")?.unusable).to.contain("AKID");
  });

  it("takes keys and region from the environment when no Secret is named", () => {
    const env = { AWS_REGION: "us-west-2", AWS_ACCESS_KEY_ID: "AK", AWS_SECRET_ACCESS_KEY: "SK" };
    const backend = backendOf(configOf(aiResource("AIBackend", "b", "{provider: Bedrock}"), { env }), "default/b");
    expect(backend.auth).to.include({ type: "AWSCredentials", region: "us-west-2" });
    const none = backendOf(configOf(aiResource("AIBackend", "b", "{provider: Bedrock, region: r}")), "default/b");
    expect(none.unusable).to.equal("there are no AWS credentials");
  });
});

describe("compileBackends, AIServiceBackend", () => {
  const service = (schema: string, more = "") =>
    aiResource(
      "AIServiceBackend",
      "b",
      `{schema: ${schema}, backendRef: {name: up, kind: Backend, group: gateway.envoyproxy.io}${more}}`,
    );
  const upstream = (spec: string) => document("gateway.envoyproxy.io/v1alpha1", "Backend", "up", spec);
  const apiHost = upstream(
    "{endpoints: [{fqdn: {hostname: api.anthropic.com, port: 443}}], tls: {wellKnownCACertificates: System}}",
  );
  const security = (spec: string) =>
    aiResource(
      "BackendSecurityPolicy",
      "s",
      `{targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: b}], ${spec}}`,
    );

  it("joins the Backend's address and TLS, the schema and the policy's key", () => {
    const policy = security("type: AnthropicAPIKey, anthropicAPIKey: {secretRef: {name: keys}}");
    const backend = backendOf(configOf(service("{name: Anthropic}") + apiHost + policy + key), "default/b");
    expect(backend).to.deep.include({ providerName: "anthropic", schema: "Anthropic", unusable: undefined });
    expect(backend.endpoint.tls?.sni).to.equal("api.anthropic.com");
    expect(backend.auth.type === "AnthropicAPIKey" && backend.auth.key.reveal()).to.equal("sk-2");
    expect(backend.fallback?.model).to.equal("claude-sonnet-4-20250514");
  });

  it("takes Azure's schema with its version, and the key of type AzureAPIKey", () => {
    const policy = security("type: AzureAPIKey, azureAPIKey: {secretRef: {name: keys}}");
    const host = upstream(
      "{endpoints: [{fqdn: {hostname: acme.openai.azure.com, port: 443}}], tls: {sni: acme.openai.azure.com}}",
    );
    const text = service('{name: AzureOpenAI, version: "2025-01-01-preview"}') + host + policy + key;
    const backend = backendOf(configOf(text), "default/b");
    expect(backend).to.deep.include({ providerName: "azureopenai", schema: "AzureOpenAI" });
    expect(backend.auth.type === "AzureAPIKey" && backend.auth.key.reveal()).to.equal("sk-2");
    expect(backend.options).to.deep.include({
      azure: { surface: "deployments", apiVersion: "2025-01-01-preview" },
      outputLimitMember: "max_completion_tokens",
      prefix: undefined,
    });
  });

  it("takes TLS from a BackendTLSPolicy", () => {
    const plain = upstream("{endpoints: [{ip: {address: 10.0.0.1, port: 8443}}]}");
    const tls = document(
      "gateway.networking.k8s.io/v1alpha3",
      "BackendTLSPolicy",
      "t",
      "{targetRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: up}], validation: {hostname: llm.example.com, wellKnownCACertificates: System}}",
    );
    expect(backendOf(configOf(service("{name: OpenAI}") + plain), "default/b").endpoint).to.deep.equal({
      hostname: "10.0.0.1",
      port: 8443,
      tls: undefined,
    });
    expect(backendOf(configOf(service("{name: OpenAI}") + plain + tls), "default/b").endpoint.tls?.sni).to.equal(
      "llm.example.com",
    );
  });

  it("writes prefixes one way, and keeps an empty one (R32)", () => {
    const prefixOf = (schema: string) => backendOf(configOf(service(schema) + apiHost), "default/b").options.prefix;
    expect(prefixOf("{name: OpenAI, prefix: v1}")).to.equal("/v1");
    expect(prefixOf("{name: OpenAI, prefix: /api/v1/}")).to.equal("/api/v1");
    expect(prefixOf("{name: OpenAI, prefix: ''}")).to.equal("");
    expect(prefixOf("{name: OpenAI, version: v1beta}")).to.equal("/v1beta");
    expect(prefixOf("{name: OpenAI}")).to.equal(undefined);
  });

  it("is unusable, and unresolved, until its Backend exists", () => {
    const configured = configureText(service("{name: OpenAI}"));
    expect(messages(configured)).to.deep.equal([
      "5:51 spec.backendRef.name: unresolved: Backend default/up was not found; add it",
    ]);
    expect(configured.config?.backends.get("default/b")?.unusable).to.equal("Backend default/up was not found");
  });

  it("warns about port 443 without TLS", () => {
    const configured = configureText(
      service("{name: OpenAI}") + upstream("{endpoints: [{fqdn: {hostname: h, port: 443}}]}"),
    );
    expect(messages(configured, "warning")[0]).to.contain("port 443 is spoken to without TLS");
  });

  it("changes headers, with names in lower case", () => {
    const more = ", headerMutation: {set: [{name: X-Org, value: A}], remove: [X-Old]}";
    const backend = backendOf(configOf(service("{name: OpenAI}", more) + apiHost), "default/b");
    expect(backend.headerMutation).to.deep.equal({ set: [{ name: "x-org", value: "A" }], remove: ["x-old"] });
  });

  it("reads AWS credentials of a profile", () => {
    const policy = security(
      "type: AWSCredentials, awsCredentials: {region: us-east-1, credentialsFile: {secretRef: {name: aws}, profile: team}}",
    );
    const file = secret(
      "aws",
      '{credentials: "[team]\\naws_access_key_id=AK\\naws_secret_access_key=SK\\naws_session_token=ST"}',
    );
    const { auth } = backendOf(configOf(service("{name: AWSBedrock}") + apiHost + policy + file), "default/b");
    expect(
      auth.type === "AWSCredentials" && [auth.region, auth.accessKeyId.reveal(), auth.sessionToken?.reveal()],
    ).to.deep.equal(["us-east-1", "AK", "ST"]);
  });
});
