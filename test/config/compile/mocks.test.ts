import { expect } from "chai";
import { aiResource, backendOf, configOf, configureText, document, messages } from "../support.ts";

const backend = (name: string) =>
  aiResource("AIBackend", name, "{provider: Groq, auth: {apiKeySecretRef: {name: keys}}}");
const mock = (name: string, spec: string) =>
  document("tollgate.dev/v1alpha1", "MockBackend", name, `{provider: OpenAI${spec}}`);
const endpointOf = (text: string, mockAddresses?: Map<string, { host: string; port: number }>) => {
  const { hostname, port, tls } = backendOf(configOf(text, { mockAddresses }), "default/b").endpoint;
  expect(tls).to.equal(undefined);
  return `${hostname}:${port}`;
};

describe("compileMocks", () => {
  it("sends a backend's requests to the address of its mock, over plain HTTP", () => {
    expect(endpointOf(backend("b") + mock("b", ", address: 'mocks.local:81'"))).to.equal("mocks.local:81");
  });

  it("sends them to where the mock was started", () => {
    expect(
      endpointOf(backend("b") + mock("b", ""), new Map([["default/b", { host: "127.0.0.1", port: 4711 }]])),
    ).to.equal("127.0.0.1:4711");
  });

  it("has an address for every mock before anything was started", () => {
    expect(endpointOf(backend("b") + mock("b", ", port: 99"))).to.equal("127.0.0.1:99");
    expect(endpointOf(backend("a") + backend("b") + mock("a", "") + mock("b", ""))).to.equal("127.0.0.1:18081");
  });

  it("tells what to start", () => {
    const { mocks } = configureText(backend("b") + mock("b", ", apiKey: k"));
    expect(mocks).to.deep.equal([{ id: "default/b", provider: "OpenAI", port: 0, address: undefined, apiKey: "k" }]);
  });

  it("keeps everything else of the backend, also that its Secret is missing", () => {
    const config = configOf(backend("b") + mock("b", ""));
    expect(backendOf(config, "default/b")).to.include({
      providerName: "groq",
      unusable: "Secret default/keys was not found",
    });
  });

  it("warns about a mock that stands in for nothing", () => {
    expect(messages(configureText(mock("b", "")))).to.deep.equal([
      "4:18 metadata.name: warning: there is no AIBackend or AIServiceBackend default/b; this mock stands in for nothing",
    ]);
  });
});
