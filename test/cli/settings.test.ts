import { expect } from "chai";
import type { LoadedConfiguration } from "../../src/cli/configuration.ts";
import { UsageError } from "../../src/cli/options.ts";
import { printConfig } from "../../src/cli/print-config.ts";
import { upSettings } from "../../src/cli/settings.ts";
import { configureText, document } from "../config/support.ts";

/** What a TollgateConfig with this `spec` loads to. */
function loaded(spec: string): LoadedConfiguration {
  const {
    config,
    mocks,
    whereSet,
    written: resources,
  } = configureText(document("tollgate.dev/v1alpha1", "TollgateConfig", "t", spec));
  if (config === undefined) throw new Error("not valid");
  return { config, mocks, whereSet, written: resources, remarks: "" };
}

const written = loaded("{listener: {port: 8081}, log: {level: warn}}");

describe("upSettings", () => {
  it("takes flags over variables over resources over defaults, and says which", () => {
    const env = { TOLLGATE_PORT: "8082", TOLLGATE_ADMIN_PORT: "9092", TOLLGATE_STORE: "redis://a:1" };
    expect(upSettings({ port: "8083" }, env, written)).to.deep.equal({
      port: { value: 8083, from: "--port" },
      adminPort: { value: 9092, from: "TOLLGATE_ADMIN_PORT" },
      adminToken: { value: undefined, from: "default" },
      storeUrl: { value: "redis://a:1", from: "TOLLGATE_STORE" },
      logLevel: { value: "warn", from: "test.yaml:5" },
      stateDir: { value: ".tollgate", from: "default" },
      transport: { value: "http2", from: "default" },
    });
    expect(upSettings({}, {}, written).port).to.deep.equal({ value: 8081, from: "test.yaml:5" });
  });

  it("an empty variable is none", () => {
    expect(upSettings({}, { TOLLGATE_PORT: "" }, written).port.value).to.equal(8081);
  });

  it("refuses what cannot be used, by the name it was given, without the value of a store's URL", () => {
    const message = (values: Record<string, string>, env = {}): string => {
      try {
        upSettings(values, env, written);
      } catch (error) {
        expect(error).to.be.instanceOf(UsageError);
        return (error as Error).message;
      }
      return "accepted";
    };
    expect(message({ port: "65536" })).to.equal("--port must be a port number, not 65536");
    expect(message({}, { TOLLGATE_ADMIN_PORT: "-1" })).to.equal("TOLLGATE_ADMIN_PORT must be a port number, not -1");
    expect(message({ "log-level": "loud" })).to.match(/^--log-level must be one of trace, debug, .*, not loud$/);
    for (const url of [
      "postgres://u:must-not-be-shown@h",
      "redis://u:must-not-be-shown@h:port",
      "redis+cluster://u:must-not-be-shown@h:1;h:2",
    ])
      expect(message({ store: url }))
        .to.match(/^--store must be memory:\/\/, redis:\/\/host:port, redis\+cluster:.*redis\+sentinel:/)
        .and.not.match(/must-not-be-shown/);
    expect(message({ "admin-token": "must not be shown" })).to.equal(
      "--admin-token must be printable ASCII without spaces",
    );
    expect(message({ store: "redis+sentinel://a:1,b:2/main" })).to.equal("accepted");
    expect(message({ port: "9090" })).to.equal(
      "port 9090 cannot be both clients' (--port) and the admin interface's (default); choose two",
    );
    expect(message({}, { TOLLGATE_TRANSPORT: "tcp" })).to.equal("TOLLGATE_TRANSPORT must be http2 or grpc-js, not tcp");
    expect(message({ port: "0" }, { TOLLGATE_ADMIN_PORT: "0" })).to.equal("accepted");
  });
});

describe("printConfig", () => {
  it("has a row for every setting, in the TollgateConfig's words", () => {
    const rows = printConfig(written, upSettings({}, {}, written))
      .trimEnd()
      .split("\n");
    expect(rows).to.have.length(28);
    expect(rows[0]).to.equal(`listener.address             127.0.0.1                  default`);
    expect(rows[1]).to.equal(`listener.port                8081                       test.yaml:5`);
    expect(rows.find((row) => row.startsWith("defaults.model"))).to.match(/ - +default$/);
  });

  it("never shows the admin token", () => {
    const rows = printConfig(written, upSettings({}, { TOLLGATE_ADMIN_TOKEN: "must-not-be-shown" }, written));
    expect(rows)
      .to.match(/^admin\.tokenSecretRef +\(set\) +TOLLGATE_ADMIN_TOKEN$/m)
      .and.not.contain("must-not-be");
  });

  it("never shows the store's credentials", () => {
    const config = loaded('{store: {url: "redis://u:must-not-be-shown@h:1"}}');
    expect(printConfig(config, upSettings({}, {}, config)))
      .to.contain("redis://h:1")
      .and.not.contain("must-not-be");
  });
});
