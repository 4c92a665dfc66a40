import { expect } from "chai";
import { holdSettings } from "../../src/cli/held-settings.ts";
import { configOf, document, secret } from "../config/support.ts";

const configWith = (spec: string) =>
  configOf(document("tollgate.dev/v1alpha1", "TollgateConfig", "t", spec) + secret("admin", "{token: abc}"));

describe("holdSettings", () => {
  const started = configWith("{}");
  const written = configWith(`
  listener: {address: 0.0.0.0, port: 1, bufferLimit: 1Mi, xffTrustedHops: 3, requestReadTimeout: 7s}
  admin: {address: 0.0.0.0, port: 2, tokenSecretRef: {name: admin, key: token}}
  envoy: {concurrency: 2, adminPort: 3, extraArgs: ["--x"]}
  store: {url: "redis://h", timeoutMs: 9, failureMode: deny}
  log: {level: debug}
  responseHeaders: false`);

  it("keeps what something was started with, and names each", () => {
    const { config, waiting } = holdSettings(written, started.settings);
    expect(waiting).to.deep.equal([
      "listener.address",
      "listener.port",
      "listener.bufferLimit",
      "admin.address",
      "admin.port",
      "admin.tokenSecretRef",
      "envoy.concurrency",
      "envoy.adminPort",
      "envoy.extraArgs",
      "store.url",
      "store.timeoutMs",
      "log.level",
    ]);
    const { admin, envoy, log, listener, store } = started.settings;
    expect(config.settings).to.deep.include({ admin, envoy, log });
    expect(config.settings.listener).to.deep.equal({ ...listener, xffTrustedHops: 3, requestReadTimeoutMs: 7_000 });
    expect(config.settings.store).to.deep.equal({ ...store, failureMode: "deny" });
    expect(config.settings.responseHeaders).to.equal(false);
  });

  it("names nothing when what is written is what it was started with", () => {
    expect(holdSettings(configWith("{responseHeaders: false}"), started.settings).waiting).to.deep.equal([]);
  });
});
