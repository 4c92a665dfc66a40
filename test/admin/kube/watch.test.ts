import { expect } from "chai";
import { group, type Json, llmRequestCost, makeApi, type TestApi } from "./support.ts";

const costs = `${group}/namespaces/default/llmrequestcosts`;
const asTable = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

describe("watches of the resource API", () => {
  let made: TestApi;
  const ends: AbortController[] = [];

  beforeEach(() => {
    made = makeApi();
  });

  afterEach(() => {
    for (const end of ends.splice(0)) end.abort();
  });

  const create = (name: string, key = name) => made.ask("POST", costs, { body: llmRequestCost(name, key) });

  /** The events so far; they go on until the test ends. */
  async function watch(query: string, headers: Readonly<Record<string, string>> = {}): Promise<readonly Json[]> {
    const { answer } = await made.ask("GET", `${costs}?watch=true${query}`, { headers });
    const events: Json[] = [];
    const end = new AbortController();
    ends.push(end);
    void answer.follow?.((line) => void events.push(JSON.parse(line) as Json), end.signal);
    return events;
  }

  const text = (events: readonly Json[]) => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

  it("tell what happened after a version, and what happens, each with its own version", async () => {
    await create("a");
    const since = made.store.version;
    await create("b");
    const events = await watch(`&resourceVersion=${since}`);
    await made.ask("DELETE", `${costs}/a`);
    // a new object is told once more when its status is known
    expect(text(events)).to.deep.equal(["ADDED b", "MODIFIED b", "DELETED a"]);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).to.deep.equal([...versions].sort((a, b) => a - b));
    expect(versions[0]).to.be.greaterThan(since);
  });

  it("begin with everything there is when no version is named", async () => {
    await create("a");
    const events = await watch("&resourceVersion=0");
    expect(text(events)).to.deep.equal(["ADDED a"]);
  });

  it("tell only of what is selected, of this kind and namespace", async () => {
    const events = await watch("&fieldSelector=metadata.name%3Db");
    await create("a");
    await create("b");
    await made.ask("POST", "/api/v1/namespaces/default/secrets", { body: { metadata: { name: "b" } } });
    await made.ask("POST", `${group}/namespaces/shop/llmrequestcosts`, { body: llmRequestCost("b", "k", "shop") });
    expect(new Set(text(events))).to.deep.equal(new Set(["ADDED b", "MODIFIED b"]));
    expect(events.every(({ object }) => object.metadata.namespace === "default")).to.equal(true);
  });

  it("send Tables to whoever prints them", async () => {
    const events = await watch("", asTable);
    await create("a");
    expect(events[0].object).to.include({ kind: "Table" });
    expect(events[0].object.rows[0].cells.slice(0, 2)).to.deep.equal(["a", "0s"]);
  });

  it("are refused as too old when something was forgotten, so that the client lists again", async () => {
    const { json } = await made.ask("GET", `${costs}?watch=true&resourceVersion=0x`);
    expect(json).to.include({ code: 400 });
    for (let round = 0; round < 1_001; round++)
      await made.store.exclusively(() =>
        made.store.put({
          ...(llmRequestCost("a", `k${round}`) as Json),
          metadata: {
            ...(llmRequestCost("a") as Json).metadata,
            uid: "u",
            resourceVersion: "",
            generation: 1,
            creationTimestamp: "2030-01-01T00:00:00Z",
          },
        }),
      );
    const old = await made.ask("GET", `${costs}?watch=true&resourceVersion=1`);
    expect(old.json).to.include({ code: 410, reason: "Expired" });
  });

  it("end after the time that the client asks for", async () => {
    const { answer } = await made.ask("GET", `${costs}?watch=true&timeoutSeconds=0.01`);
    await answer.follow?.(() => undefined, new AbortController().signal);
  });

  it("refuse to send a list as a watch, so that the client lists first", async () => {
    const { json } = await made.ask("GET", `${costs}?watch=true&sendInitialEvents=true`);
    expect(json).to.include({ code: 422, reason: "Invalid" });
  });
});

describe("Tables of the resource API", () => {
  const table = async (made: TestApi, path: string) => (await made.ask("GET", path, { headers: asTable })).json;
  const head = ({ columnDefinitions }: Json) =>
    columnDefinitions.map(({ name, priority }: Json) => (priority === 0 ? name : `(${name})`));

  it("have NAME and AGE, and with -o wide the conditions", async () => {
    const made = makeApi();
    await made.ask("POST", costs, { body: llmRequestCost("a") });
    made.nowMs += 5_000;
    const found = await table(made, costs);
    expect(head(found)).to.deep.equal(["Name", "Age", "(Accepted)", "(ResolvedRefs)", "(Programmed)"]);
    expect(found.rows[0].cells).to.deep.equal(["a", "5s", "True", "True", "True"]);
    expect(found.rows[0].object).to.include({ kind: "PartialObjectMetadata" });
    expect(await table(made, `${costs}/a`))
      .to.have.property("rows")
      .that.has.length(1);
  });

  it("show of Secrets their type and how many values they have, of namespaces their status", async () => {
    const made = makeApi();
    const body = { metadata: { name: "s" }, stringData: { a: "1", b: "2" } };
    await made.ask("POST", "/api/v1/namespaces/default/secrets", { body });
    expect((await table(made, "/api/v1/secrets")).rows[0].cells).to.deep.equal(["s", "Opaque", 2, "0s"]);
    expect(head(await table(made, "/api/v1/namespaces"))).to.deep.equal(["Name", "Status", "Age"]);
    await made.ask("POST", "/api/v1/namespaces/default/configmaps", {
      body: { metadata: { name: "c" }, data: { a: "1" } },
    });
    expect((await table(made, "/api/v1/configmaps")).rows[0].cells).to.deep.equal(["c", 1, "0s"]);
  });
});
