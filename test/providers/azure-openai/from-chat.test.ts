import { expect } from "chai";
import type { BackendOptions } from "../../../src/core/translator.ts";
import { azureOpenai } from "../../../src/providers/azure-openai/index.ts";
import { upstreamPath } from "../../../src/providers/azure-openai/upstream-path.ts";
import { describeGoldenCases } from "../golden.ts";

describe("golden cases: chat to Azure", () => describeGoldenCases(azureOpenai, "azure-openai"));

describe("Azure's paths", () => {
  const dated: BackendOptions = { azure: { surface: "deployments", apiVersion: "2024-10-21" } };

  it("name the deployment that is asked for, as one encoded segment (R20, R31)", () => {
    expect(upstreamPath(dated, "gpt 4/o:1")).to.equal(
      "/openai/deployments/gpt%204%2Fo%3A1/chat/completions?api-version=2024-10-21",
    );
  });

  it("never have an empty api-version (R31)", () => {
    expect(upstreamPath({}, "d")).to.equal("/openai/v1/chat/completions");
    expect(upstreamPath({ azure: { surface: "v1" } }, "d")).to.equal("/openai/v1/chat/completions");
    expect(upstreamPath({ azure: { surface: "v1", apiVersion: "preview" } }, "d")).to.equal(
      "/openai/v1/chat/completions?api-version=preview",
    );
  });
});
