import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { makeResourceApi, openResources } from "../../src/cli/applied-resources.ts";
import { compileFiles } from "../../src/cli/configuration.ts";
import { runCommand } from "./run-command.ts";

const config = `apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata:
  name: tollgate
  namespace: ai-services
  uid: u
  resourceVersion: "5"
  generation: 1
  creationTimestamp: 2030-01-01T00:00:00Z
spec:
  log: {level: LEVEL}
`;

describe("resources that were applied to tollgate up", () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), "tollgate-applied-"));
  });
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

  const path = () => join(stateDir, "resources/tollgateconfig.tollgate.dev/ai-services/tollgate.yaml");
  const keep = (text: string) => {
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(path(), text);
  };
  const printed = () => runCommand(["up", "--state-dir", stateDir, "--print-config"]);

  it("are read at its start, in the place of what its files say", async () => {
    keep(config.replace("LEVEL", "warn"));
    const { code, stdout } = await printed();
    expect(code).to.equal(0);
    expect(stdout).to.match(new RegExp(`warn.*${path()}:11`));
  });

  it("keep it from starting when they are not valid, and their file and line are told", async () => {
    keep(config.replace("LEVEL", "loud"));
    const { code, stderr } = await printed();
    expect(code).to.equal(1);
    expect(stderr).to.contain(`${path()}:11:16 spec.log.level: `).and.contain("nothing was started");
  });

  it("that cannot be read are told with what to do", async () => {
    writeFileSync(join(stateDir, "resources"), "a file where a folder should be");
    const { code, stderr } = await printed();
    expect(code).to.equal(1);
    expect(stderr).to.contain("resources cannot be read (ENOTDIR); choose another folder with --state-dir");
  });

  it("are asked to be put into force, and told not to be unless requests are served with them", async () => {
    const store = openResources(stateDir);
    let running = compileFiles([], {}).config;
    let asked = 0;
    const api = makeResourceApi({
      store,
      files: () => [],
      env: {},
      mocks: () => new Map(),
      running: () => running,
      changeOver: async () => void asked++,
    });
    const programmed = async () => {
      const answer = await api.answer({
        method: "GET",
        path: "/apis/aigateway.envoyproxy.io/v1alpha1/namespaces/default/aibackends/b",
        query: new URLSearchParams(),
        headers: {},
        body: async () => Buffer.alloc(0),
      });
      const { conditions } = JSON.parse(answer.body).status;
      return conditions.find(({ type }: { type: string }) => type === "Programmed");
    };
    await api.answer({
      method: "POST",
      path: "/apis/aigateway.envoyproxy.io/v1alpha1/namespaces/default/aibackends",
      query: new URLSearchParams(),
      headers: { "content-type": "application/json" },
      body: async () => Buffer.from('{"metadata": {"name": "b"}, "spec": {"provider": "OpenAI"}}'),
    });
    expect(await programmed()).to.include({
      status: "False",
      message: "is not in force: the gateway's log and its standard error say why",
    });
    expect(asked).to.equal(1);
    running = compileFiles(
      store.texts().map((object) => ({ ...object, expandEnv: false })),
      {},
    ).config;
    await api.refresh();
    expect(await programmed()).to.include({ status: "True" });
  });
});
