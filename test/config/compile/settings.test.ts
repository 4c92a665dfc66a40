import { expect } from "chai";
import { aiResource, configOf, configureText, document, messages, secret } from "../support.ts";

const settings = (spec: string) => document("tollgate.dev/v1alpha1", "TollgateConfig", "t", spec);
const backend = aiResource("AIBackend", "a", "{provider: vLLM}");

describe("compileSettings", () => {
  it("has the defaults of resources.md §5", () => {
    const read = configOf("# nothing\n").settings;
    expect(read.listener).to.deep.include({
      address: "127.0.0.1",
      port: 8080,
      xffTrustedHops: 0,
      bufferLimitBytes: 52_428_800,
    });
    expect(read.admin).to.deep.equal({ address: "127.0.0.1", port: 9090, token: undefined });
    expect(read.identity).to.deep.equal({ trustedHeaders: ["x-user-id", "x-team-id"], requireIdentity: false });
    expect(read.endpointPrefixes).to.deep.equal({ openai: "", anthropic: "/anthropic", cohere: "/cohere" });
    expect(read.defaults).to.include({ model: undefined, requestTimeoutMs: 600_000, streamIdleTimeoutMs: 60_000 });
    expect(read.store).to.deep.equal({ url: "memory://", timeoutMs: 50, failureMode: "local" });
  });

  it("takes what is written over them, and leaves the rest", () => {
    const read = configOf(
      settings(
        "{listener: {port: 0, bufferLimit: 1Mi, requestReadTimeout: 90s}, endpoints: {anthropicPrefix: ''}, identity: {trustedHeaders: [X-Org]}, responseHeaders: false, defaults: {requestTimeout: 1m}, store: {url: 'redis://r'}, log: {level: debug}}",
      ),
    ).settings;
    expect(read.listener).to.deep.include({ address: "127.0.0.1", port: 0, bufferLimitBytes: 1_048_576 });
    expect(read.listener).not.to.have.property("bufferLimit");
    expect(read.listener.requestReadTimeoutMs).to.equal(90_000);
    expect(read.endpointPrefixes).to.deep.equal({ openai: "", anthropic: "", cohere: "/cohere" });
    expect(read.identity.trustedHeaders).to.deep.equal(["x-org"]);
    expect(read.responseHeaders).to.equal(false);
    expect(read.defaults.requestTimeoutMs).to.equal(60_000);
    expect(read.store).to.deep.equal({ url: "redis://r", timeoutMs: 50, failureMode: "local" });
    expect(read.log).to.deep.equal({ level: "debug", format: "json" });
  });

  it("prefers the header's model iff there is an AIBackend, unless it is told (resources.md §2)", () => {
    const modeOf = (text: string) => configOf(text).settings.modelSelection;
    expect(modeOf("# nothing\n")).to.equal("BodyFirst");
    expect(modeOf(backend)).to.equal("HeaderFirst");
    expect(modeOf(backend + settings("{modelSelection: BodyFirst}"))).to.equal("BodyFirst");
  });

  it("takes the admin token of the Secret that is named, which nobody prints", () => {
    const named = settings("{admin: {tokenSecretRef: {name: admin, key: t}}}");
    const read = configOf(named + secret("admin", `{t: "$\{ADMIN}"}`), {
      env: { ADMIN: "must-not-be-shown" },
    }).settings;
    expect(read.admin.token?.reveal()).to.equal("must-not-be-shown");
    expect(JSON.stringify(read)).not.to.contain("must-not-be-shown");
    const keyless = settings("{admin: {tokenSecretRef: {name: admin}}}") + secret("admin", "{token: abc}");
    expect(configOf(keyless).settings.admin.token?.reveal()).to.equal("abc");
  });

  it("has no admin token of its own where the Secret is missing, empty or cannot be sent, and says so without the value", () => {
    const named = settings("{admin: {tokenSecretRef: {name: admin, key: t}}}");
    const told = (values: string) => {
      const configured = configureText(named + (values === "" ? "" : secret("admin", values)));
      expect(configured.config?.settings.admin.token).to.equal(undefined);
      return messages(configured).join("\n");
    };
    expect(told("")).to.match(/spec\.admin\.tokenSecretRef\.name: unresolved: Secret default\/admin was not found/);
    expect(told("{other: x}")).to.match(
      /tokenSecretRef\.key: unresolved: Secret default\/admin has no key t; its keys are other/,
    );
    expect(told("{t: ''}")).to.match(/the key t of Secret default\/admin is empty/);
    expect(told("{t: must not be shown}"))
      .to.contain(" spec.admin.tokenSecretRef.key: the token must be printable ASCII without spaces")
      .and.not.contain("must not be shown");
  });

  it("tells members that have no effect yet", () => {
    const configured = configureText(
      settings("{tracing: {otlpEndpoint: x}, listener: {http2: true}, log: {format: pretty}}"),
    );
    expect(messages(configured, "info")).to.have.length(3);
    expect(messages(configured, "error")).to.deep.equal([]);
  });
});
