import { expect } from "chai";
import { wantsTable } from "../../../src/admin/kube/accept.ts";
import { guardRequest } from "../../../src/admin/kube/guard-request.ts";
import { humanDuration } from "../../../src/admin/kube/human-duration.ts";
import { jsonPatch } from "../../../src/admin/kube/json-patch.ts";
import { mergePatch, strategicPatch } from "../../../src/admin/kube/merge-patch.ts";
import { parsePath } from "../../../src/admin/kube/parse-path.ts";
import { parseSelectors } from "../../../src/admin/kube/selectors.ts";
import { makeObject } from "../../resources/support.ts";

describe("paths of the resource API", () => {
  const parsed = (path: string) => {
    const found = parsePath(path);
    return found && [found.type.kind, found.version, found.namespace, found.name, found.isStatus];
  };
  const group = "/apis/aigateway.envoyproxy.io/v1alpha1";

  it("name all objects, those of a namespace, one, or its status", () => {
    expect(parsed(`${group}/aibackends`)).to.deep.equal(["AIBackend", "v1alpha1", undefined, undefined, false]);
    expect(parsed(`${group}/namespaces/a/aibackends`)).to.deep.equal(["AIBackend", "v1alpha1", "a", undefined, false]);
    expect(parsed(`${group}/namespaces/a/aibackends/b`)).to.deep.equal(["AIBackend", "v1alpha1", "a", "b", false]);
    expect(parsed(`${group}/namespaces/a/aibackends/b/status`)?.[4]).to.equal(true);
    expect(parsed("/api/v1/namespaces/a/secrets/x%2Fy")).to.deep.equal(["Secret", "v1", "a", "x/y", false]);
  });

  it("name kinds without namespaces, the kind Namespace too", () => {
    expect(parsed("/api/v1/namespaces")).to.deep.equal(["Namespace", "v1", "", undefined, false]);
    expect(parsed("/api/v1/namespaces/a")).to.deep.equal(["Namespace", "v1", "", "a", false]);
    expect(parsed("/api/v1/namespaces/a/status")).to.deep.equal(["Namespace", "v1", "", "a", true]);
  });

  it("name nothing otherwise", () => {
    for (const path of [
      "/",
      "/api",
      "/api/v1/pods",
      "/api/v1/secrets/x",
      `${group}/aibackends/b`,
      `${group}/namespaces/a/aibackends/b/scale`,
      `${group}/namespaces/a/aibackends/b/status/more`,
      `${group}/namespaces//aibackends`,
      "/api/v1/namespaces/%ff/secrets",
      "/apis/aigateway.envoyproxy.io/v2/aibackends",
    ])
      expect(parsed(path), path).to.equal(undefined);
  });
});

describe("what a client accepts", () => {
  const wants = (accept?: string) => wantsTable({ headers: accept === undefined ? {} : { accept } });

  it("is a Table if it comes first among the forms that we speak", () => {
    expect(
      wants(
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
      ),
    ).to.equal(true);
    expect(wants("application/vnd.kubernetes.protobuf;as=Table;v=v1, application/json; as=Table; v=v1")).to.equal(true);
    for (const accept of [
      undefined,
      "",
      "*/*",
      "application/json",
      "application/json, application/json;as=Table;v=v1",
      "application/json;as=Table;v=v1beta1",
    ])
      expect(wants(accept), accept).to.equal(false);
  });
});

describe("ages", () => {
  it("are as kubectl prints them", () => {
    const second = 1_000;
    const minute = 60 * second;
    const hour = 60 * minute;
    const day = 24 * hour;
    const table: readonly (readonly [number, string])[] = [
      [-5, "0s"],
      [5_900, "5s"],
      [119 * second, "119s"],
      [2 * minute, "2m"],
      [3 * minute + 20 * second, "3m20s"],
      [10 * minute + 5 * second, "10m"],
      [3 * hour + 5 * minute, "3h5m"],
      [9 * hour, "9h"],
      [2 * day + 4 * hour, "2d4h"],
      [30 * day, "30d"],
      [800 * day, "2y70d"],
      [9 * 365 * day, "9y"],
    ];
    for (const [ms, text] of table) expect(humanDuration(ms)).to.equal(text);
  });
});

describe("selectors", () => {
  const labelled = {
    ...makeObject("a"),
    type: "Opaque",
    metadata: { ...makeObject("a").metadata, labels: { team: "x", tier: "1" } },
  };
  const selects = (name: "labelSelector" | "fieldSelector", text: string) =>
    parseSelectors(new URLSearchParams({ [name]: text }))(labelled);

  it("look at labels", () => {
    for (const text of [
      "team=x",
      "team==x,tier=1",
      "team!=y",
      "other!=y",
      "team in (x, y)",
      "team notin (y),tier",
      "!other",
      "",
    ])
      expect(selects("labelSelector", text), text).to.equal(true);
    for (const text of [
      "team=y",
      "team=x,tier=2",
      "team!=x",
      "team in (y)",
      "other in (x)",
      "team notin (x)",
      "!team",
      "other",
    ])
      expect(selects("labelSelector", text), text).to.equal(false);
    expect(() => selects("labelSelector", "team>x")).to.throw("unable to parse the label selector");
  });

  it("look at names", () => {
    for (const text of ["metadata.name=a", "metadata.name!=b,metadata.namespace=ns", "type=Opaque"])
      expect(selects("fieldSelector", text), text).to.equal(true);
    expect(selects("fieldSelector", "metadata.name=b")).to.equal(false);
    expect(() => selects("fieldSelector", "spec.a=1")).to.throw("field label not supported: spec.a");
  });
});

describe("patches", () => {
  it("merge maps, remove with null, and replace everything else", () => {
    expect(mergePatch({ a: { b: 1, c: [1] }, d: 1 }, { a: { b: null, c: [2] }, e: { f: null } })).to.deep.equal({
      a: { c: [2] },
      d: 1,
      e: {},
    });
    expect(mergePatch([1], { a: 1 })).to.deep.equal({ a: 1 });
    const evil = JSON.parse('{"__proto__": {"x": 1}}') as unknown;
    expect((mergePatch({}, evil) as { x?: number }).x).to.equal(undefined);
  });

  it("of Kubernetes' own form may hold directives", () => {
    expect(
      strategicPatch({ data: { a: "1", b: "2" } }, { data: { a: null, $retainKeys: ["b"] }, $setElementOrder: [] }),
    ).to.deep.equal({ data: { b: "2" } });
  });

  it("of operations add, replace, remove, move, copy and test", () => {
    const document = { a: [1, 2], "x/y": { "~": 1 } };
    const done = (...operations: readonly unknown[]) => jsonPatch(document, operations);
    expect(done({ op: "add", path: "/a/1", value: 9 }))
      .to.have.property("a")
      .that.deep.equals([1, 9, 2]);
    expect(done({ op: "add", path: "/a/-", value: 9 }))
      .to.have.property("a")
      .that.deep.equals([1, 2, 9]);
    expect(done({ op: "replace", path: "/x~1y/~0", value: 2 })).to.deep.equal({ a: [1, 2], "x/y": { "~": 2 } });
    expect(done({ op: "remove", path: "/a/0" }))
      .to.have.property("a")
      .that.deep.equals([2]);
    expect(done({ op: "move", from: "/a", path: "/b" })).to.deep.equal({ b: [1, 2], "x/y": { "~": 1 } });
    expect(done({ op: "copy", from: "/a", path: "/b" }, { op: "add", path: "/b/0", value: 0 })).to.deep.include({
      a: [1, 2],
      b: [0, 1, 2],
    });
    expect(done({ op: "test", path: "/a", value: [1, 2] }, { op: "replace", path: "", value: {} })).to.deep.equal({});
    expect(document).to.deep.equal({ a: [1, 2], "x/y": { "~": 1 } });
  });

  it("of operations that cannot be done are refused", () => {
    const refused: readonly (readonly [unknown, string])[] = [
      [{}, "a JSON patch is a list"],
      [[{ op: "jump", path: "/a" }], "unknown"],
      [[{ op: "replace", path: "/b", value: 1 }], "not there: b"],
      [[{ op: "remove", path: "/a/5" }], "no item: 5"],
      [[{ op: "add", path: "/a/01x", value: 1 }], "no item: 01x"],
      [[{ op: "add", path: "a", value: 1 }], "no pointer"],
      [[{ op: "add", path: "/c/d", value: 1 }], "below a plain value"],
      [[{ op: "add", path: "/__proto__", value: {} }], "no member"],
      [[{ op: "test", path: "/c", value: 2 }], "a test of the JSON patch failed at /c"],
    ];
    for (const [operations, message] of refused)
      expect(() => jsonPatch({ a: [1], c: 1 }, operations), message).to.throw(message);
  });
});

describe("requests of web pages", () => {
  const refusal = (method: string, headers: Readonly<Record<string, string>>) => {
    try {
      guardRequest(method, headers);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it("are kept out by the name that they ask for: names can be made to lead here", () => {
    for (const host of ["localhost", "localhost:9090", "127.0.0.1:9090", "[::1]:9090", "10.0.0.7"])
      expect(refusal("GET", { host }), host).to.equal(undefined);
    for (const host of ["evil.example", "127.0.0.1.evil.example:9090", "localhost.evil.example", ""])
      expect(refusal("GET", { host }), host).to.contain("by IP address or as localhost");
    expect(refusal("GET", {})).to.be.a("string");
  });

  it("are kept from writing by their origin", () => {
    const host = "127.0.0.1:9090";
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      for (const origin of ["https://evil.example", "null", "http://127.0.0.1:8080", "http://localhost:9090"])
        expect(refusal(method, { host, origin }), origin).to.contain("other origins");
      expect(refusal(method, { host, origin: "http://127.0.0.1:9090" })).to.equal(undefined);
      expect(refusal(method, { host })).to.equal(undefined);
    }
    expect(refusal("GET", { host, origin: "https://evil.example" })).to.equal(undefined);
  });
});
