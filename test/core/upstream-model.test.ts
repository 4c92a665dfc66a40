import { expect } from "chai";
import { upstreamModel } from "../../src/core/upstream-model.ts";
import { makeBackend, makeRef } from "../planning/support.ts";

describe("upstreamModel", () => {
  const plain = makeBackend("b");
  const fallback = { foreignModels: /^gpt-/, model: "claude-sonnet" };

  for (const { title, backend, ref, model, expected } of [
    {
      title: "the client's name when nothing says otherwise",
      backend: plain,
      ref: {},
      model: "gpt-4o",
      expected: "gpt-4o",
    },
    {
      title: "the vendor's default for another vendor's model",
      backend: { ...plain, fallback },
      ref: {},
      model: "gpt-4o",
      expected: "claude-sonnet",
    },
    {
      title: "the client's name for the vendor's own model",
      backend: { ...plain, fallback },
      ref: {},
      model: "claude-x",
      expected: "claude-x",
    },
    {
      title: "the backend's override",
      backend: { ...plain, fallback, modelNameOverride: "o" },
      ref: {},
      model: "gpt-4o",
      expected: "o",
    },
    {
      title: "the backend's name for this model before its override",
      backend: { ...plain, modelNameOverride: "o", models: new Map([["gpt-4o", "mapped"]]) },
      ref: {},
      model: "gpt-4o",
      expected: "mapped",
    },
    {
      title: "the route's override before everything",
      backend: { ...plain, modelNameOverride: "o", models: new Map([["gpt-4o", "mapped"]]) },
      ref: { modelNameOverride: "route's" },
      model: "gpt-4o",
      expected: "route's",
    },
  ]) {
    it(`sends ${title}`, () => {
      expect(upstreamModel(backend, makeRef("b", ref), model)).to.equal(expected);
    });
  }
});
