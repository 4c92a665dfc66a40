import { expect } from "chai";
import { Headers } from "../../src/core/headers.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { describeModels, selectModel } from "../../src/planning/select-model.ts";
import { makeSettings } from "./support.ts";

const headerFirst = makeSettings({ modelSelection: "HeaderFirst" });
const bodyFirst = makeSettings({ modelSelection: "BodyFirst" });
const none = new Headers();
const header = (...values: string[]) => new Headers(values.map((value) => ["x-ai-eg-model", value] as const));

describe("selectModel", () => {
  it("header or body alone is the model, in both modes, without a warning", () => {
    for (const settings of [headerFirst, bodyFirst]) {
      expect(selectModel(header("a"), undefined, settings, [])).to.deep.equal({ model: "a", warnings: [] });
      expect(selectModel(none, "b", settings, [])).to.deep.equal({ model: "b", warnings: [] });
      expect(selectModel(header("a"), "a", settings, [])).to.deep.equal({ model: "a", warnings: [] });
    }
  });

  it("when they differ the mode decides, with a warning", () => {
    const warnings = ["model_header_and_body_differ"];
    expect(selectModel(header("a"), "b", headerFirst, [])).to.deep.equal({ model: "a", warnings });
    expect(selectModel(header("a"), "b", bodyFirst, [])).to.deep.equal({ model: "b", warnings });
  });

  it("an empty name is none", () => {
    expect(selectModel(header(""), "b", headerFirst, [])).to.deep.equal({ model: "b", warnings: [] });
    expect(selectModel(header("a"), "", bodyFirst, [])).to.deep.equal({ model: "a", warnings: [] });
  });

  it("the default serves a request that names none, and never beats one that does", () => {
    const settings = makeSettings({ defaults: { ...headerFirst.defaults, model: "gpt-4o-mini" } });
    expect(selectModel(none, undefined, settings, []).model).to.equal("gpt-4o-mini");
    expect(selectModel(none, "b", settings, []).model).to.equal("b");
  });

  it("without a model and a default it is 400 that names the models there are", () => {
    expect(() => selectModel(none, undefined, headerFirst, ["gpt-4o", "claude"]))
      .to.throw(GatewayError, /gpt-4o, claude/)
      .that.includes({ code: "missing_model", status: 400, param: "model" });
  });

  it("a repeated header is 400", () => {
    expect(() => selectModel(header("a", "b"), undefined, headerFirst, []))
      .to.throw(GatewayError)
      .that.includes({ code: "invalid_header", status: 400 });
  });
});

describe("describeModels", () => {
  it("names 50 at most", () => {
    expect(describeModels([])).to.equal("");
    const many = Array.from({ length: 52 }, (_, index) => `m${index}`);
    expect(describeModels(many)).to.match(/m49 and 2 more$/);
  });
});
