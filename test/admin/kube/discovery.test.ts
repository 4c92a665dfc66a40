import { expect } from "chai";
import { kinds } from "../../../src/config/dialects/kinds.ts";
import { type Json, makeApi } from "./support.ts";

describe("discovery of the resource API", () => {
  const get = async (path: string) => await makeApi().ask("GET", path);

  it("names the groups and their versions, the preferred one first", async () => {
    expect((await get("/api")).json).to.deep.include({ kind: "APIVersions", versions: ["v1"] });
    const { json } = await get("/apis");
    expect(json.kind).to.equal("APIGroupList");
    const group = json.groups.find(({ name }: Json) => name === "aigateway.envoyproxy.io");
    expect(group.preferredVersion).to.deep.equal({
      groupVersion: "aigateway.envoyproxy.io/v1beta1",
      version: "v1beta1",
    });
    expect(group.versions).to.have.length(2);
    expect((await get("/apis/aigateway.envoyproxy.io")).json).to.include({ kind: "APIGroup" });
    expect((await get("/version")).json).to.include({ major: "1" });
  });

  it("lists every kind that is read, once per version, with the names that users know", async () => {
    const { json } = await get("/apis");
    const lists = [
      "/api/v1",
      ...json.groups.flatMap(({ versions }: Json) => versions.map(({ groupVersion }: Json) => `/apis/${groupVersion}`)),
    ];
    const served: string[] = [];
    for (const path of lists) {
      const list = (await get(path)).json;
      expect(list.kind, path).to.equal("APIResourceList");
      served.push(...list.resources.map(({ kind }: Json) => `${path} ${kind}`));
    }
    const wanted = kinds.flatMap(({ group, versions, kind }) =>
      versions.map((version) => `${group === "" ? "/api" : `/apis/${group}`}/${version} ${kind}`),
    );
    expect(served).to.have.members(wanted);
    const { resources } = (await get("/apis/aigateway.envoyproxy.io/v1alpha1")).json;
    const route = resources.find(({ kind }: Json) => kind === "AIGatewayRoute");
    expect(route).to.deep.include({
      name: "aigatewayroutes",
      singularName: "aigatewayroute",
      shortNames: ["aigr"],
      namespaced: true,
      categories: ["all"],
    });
    expect(route.verbs).to.include.members(["get", "list", "watch", "create", "update", "patch", "delete"]);
  });

  it("has the plurals of Kubernetes", async () => {
    const plurals = async (path: string) => (await get(path)).json.resources.map(({ name }: Json) => name);
    expect(await plurals("/apis/gateway.networking.k8s.io/v1")).to.include.members([
      "gateways",
      "gatewayclasses",
      "httproutes",
    ]);
    expect(await plurals("/apis/gateway.envoyproxy.io/v1alpha1")).to.include.members([
      "backendtrafficpolicies",
      "backends",
    ]);
  });

  it("does not show Secrets and namespaces in `get all`", async () => {
    for (const resource of (await get("/api/v1")).json.resources) expect(resource).not.to.have.property("categories");
  });

  it("is not to be changed", async () => {
    for (const method of ["POST", "DELETE"]) expect((await makeApi().ask(method, "/apis")).status).to.equal(404);
    for (const path of ["/apis/nobody.dev", "/apis/nobody.dev/v1", "/apis/aigateway.envoyproxy.io/v9", "/api/v2"])
      expect((await get(path)).status, path).to.equal(404);
  });
});

describe("OpenAPI of the resource API", () => {
  const get = async (path: string) => await makeApi().ask("GET", path);

  it("has an empty version 2 in the content type that every client accepts", async () => {
    const { answer } = await get("/openapi/v2");
    expect(answer).to.include({
      status: 200,
      body: "",
      type: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    });
  });

  it("says for every kind that the server checks fields itself, else clients ask for version 2", async () => {
    const { paths } = (await get("/openapi/v3")).json;
    for (const [root, { serverRelativeURL }] of Object.entries(paths as Record<string, Json>)) {
      const document = (await get(serverRelativeURL)).json;
      expect(document.openapi, root).to.equal("3.0.0");
      const patches = Object.values(document.paths as Json).flatMap(({ patch }: Json) =>
        patch === undefined ? [] : [patch],
      );
      expect(patches, root).not.to.have.length(0);
      for (const { parameters, "x-kubernetes-group-version-kind": gvk } of patches as Json[]) {
        expect(gvk.kind, root).to.be.a("string");
        expect(parameters.map(({ name }: Json) => name)).to.include("fieldValidation");
      }
    }
    expect(Object.keys(paths)).to.include.members(["api/v1", "apis/aigateway.envoyproxy.io/v1alpha1"]);
  });

  it("describes fields from the schemas that check them", async () => {
    const document = (await get("/openapi/v3/apis/gateway.envoyproxy.io/v1alpha1")).json;
    const schema = document.components.schemas["io.envoyproxy.gateway.v1alpha1.BackendTrafficPolicy"];
    expect(schema["x-kubernetes-group-version-kind"]).to.deep.equal([
      { group: "gateway.envoyproxy.io", version: "v1alpha1", kind: "BackendTrafficPolicy" },
    ]);
    const { rules } = schema.properties.spec.properties.rateLimit.properties.global.properties;
    expect(rules.items.properties.limit.properties.unit).to.deep.equal({
      type: "string",
      enum: ["Second", "Minute", "Hour", "Day", "Week", "Month", "Year"],
    });
    expect(schema.properties.metadata.properties.name.description).to.be.a("string");
    // words of JSON Schema that OpenAPI 3.0 does not have
    expect(JSON.stringify(document)).not.to.match(/"\$schema"|"propertyNames"|"const"|"type":\[/);
  });
});
