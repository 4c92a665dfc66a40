import { expect } from "chai";
import { parse } from "yaml";
import { ResourceStore } from "../../src/resources/resource-store.ts";
import type { StoreEvent } from "../../src/resources/watch-window.ts";
import { MemoryFiles } from "./memory-files.ts";
import { costKey, makeObject } from "./support.ts";

describe("resource store", () => {
  let files: MemoryFiles;
  let store: ResourceStore;

  beforeEach(() => {
    files = new MemoryFiles();
    store = new ResourceStore(files);
  });

  it("keeps an object with the version of its change, and its text without the status", async () => {
    const kept = await store.put({ ...makeObject(), status: { seen: true } });
    expect(kept.metadata.resourceVersion).to.equal("2");
    expect(store.version).to.equal(2);
    expect(store.get(costKey)).to.equal(kept);
    expect(parse(files.texts.get(files.pathOf(costKey)) ?? "")).to.deep.equal({
      ...makeObject(),
      metadata: { ...makeObject().metadata, resourceVersion: "2" },
    });
  });

  it("lists by kind and namespace, sorted", async () => {
    for (const object of [makeObject("b"), makeObject("a"), makeObject("a", {}, "an")]) await store.put(object);
    await store.put({ ...makeObject("x"), kind: "Other" });
    const names = (wanted: Parameters<ResourceStore["list"]>[0]) =>
      store.list(wanted).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(names({ group: "g.dev", kind: "Cost" })).to.deep.equal(["an/a", "ns/a", "ns/b"]);
    expect(names({ kind: "Cost", namespace: "an" })).to.deep.equal(["an/a"]);
    expect(names({ group: "" })).to.deep.equal([]);
    expect(names({ namespace: "ns" })).to.have.length(3);
  });

  it("has the same objects after a restart, and only higher versions, also of what is gone and of statuses", async () => {
    await store.put(makeObject());
    await store.put(makeObject("gone"));
    await store.setStatus(costKey, { seen: 1 });
    await store.remove({ ...costKey, name: "gone" });
    const last = store.version;
    const again = new ResourceStore(files);
    expect(again.version).to.be.at.least(last);
    expect(again.list({}).map(({ metadata }) => metadata.name)).to.deep.equal(["c"]);
    expect(again.get(costKey))
      .to.deep.include({ spec: { a: 1 } })
      .and.not.have.property("status");
    const next = await again.put(makeObject("next"));
    expect(Number(next.metadata.resourceVersion)).to.be.greaterThan(last);
  });

  it("does not write a file for each version", async () => {
    for (let round = 0; round < 1_500; round++) await store.put(makeObject("c", { round }));
    expect(files.boundWrites).to.equal(2);
    expect(files.versionBound).to.be.at.least(store.version);
  });

  it("changes nothing when the disk does not take it", async () => {
    const before = await store.put(makeObject());
    const events: StoreEvent[] = [];
    store.follow(store.version, (event) => void events.push(event));
    files.broken = true;
    for (const action of [() => store.put(makeObject("c", { a: 2 })), () => store.remove(costKey)]) {
      const failure = await action().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.be.an("error");
    }
    expect(store.get(costKey)).to.equal(before);
    expect(events).to.deep.equal([]);
  });

  it("tells watchers what is added, modified and deleted, and of a status only when it is another one", async () => {
    const told: string[] = [];
    store.follow(store.version, ({ type, version, object }) => {
      told.push(`${type} ${version}`);
      expect(object.metadata.resourceVersion).to.equal(String(version));
    });
    await store.put(makeObject());
    await store.put(makeObject("c", { a: 2 }));
    await store.setStatus(costKey, { ok: true });
    await store.setStatus(costKey, { ok: true });
    await store.remove(costKey);
    await store.remove(costKey);
    expect(told).to.deep.equal(["ADDED 2", "MODIFIED 3", "MODIFIED 4", "DELETED 5"]);
  });

  it("gives the texts as they would be after a change", async () => {
    await store.put(makeObject("a"));
    await store.put(makeObject("b"));
    const paths = (change: Parameters<ResourceStore["texts"]>[0]) => store.texts(change).map(({ path }) => path);
    expect(paths({})).to.deep.equal(["kept/g.dev/Cost/ns/a.yaml", "kept/g.dev/Cost/ns/b.yaml"]);
    expect(paths({ without: { ...costKey, name: "a" } })).to.deep.equal(["kept/g.dev/Cost/ns/b.yaml"]);
    const changed = makeObject("a", { a: "new" });
    expect(store.texts({ changed })[0]?.text).to.contain("new");
    expect(store.texts()[0]?.text).not.to.contain("new");
  });

  it("leaves text that is no object of its own to the configuration, which says what is wrong", () => {
    files.texts.set("kept/broken.yaml", "a: [");
    files.texts.set("kept/mine.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n");
    files.texts.set("kept/nothing.yaml", "");
    const again = new ResourceStore(files);
    expect(again.list({})).to.deep.equal([]);
    expect(again.texts().map(({ path }) => path)).to.have.members([...files.texts.keys()]);
  });

  it("lets one change at a time look and write, also after one that failed", async () => {
    const order: string[] = [];
    const slow = store.exclusively(async () => {
      order.push("first");
      await new Promise((resolve) => setImmediate(resolve));
      order.push("first ends");
      throw new Error("failed");
    });
    const next = store.exclusively(async () => void order.push("second"));
    await slow.catch(() => undefined);
    await next;
    expect(order).to.deep.equal(["first", "first ends", "second"]);
  });
});
