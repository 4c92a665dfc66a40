import { expect } from "chai";
import { GatewayError } from "../../../src/lib/errors.ts";
import { JsonView } from "../../../src/providers/common/json-view.ts";
import { readToolPlan, type ToolPlan } from "../../../src/providers/common/tools.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";

function plan(body: string | object, warnings = new Warnings()): ToolPlan {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readToolPlan(JsonView.document(text, JSON.parse(text)), "Acme", warnings);
}

function tool(name: string) {
  return { type: "function", function: { name, parameters: { type: "object" } } };
}

function names(body: object): readonly string[] {
  return plan(body).tools.map((chosen) => chosen.name);
}

function named(name: string) {
  return { type: "function", function: { name } };
}

const two = [tool("a"), tool("b")];

describe("readToolPlan", () => {
  it("keeps schemas as they are written (R74)", () => {
    const schema =
      '{ "$defs":{"x":{"const":1.0}}, "type" : "object","additionalProperties":false,"x":12345678901234567890 }';
    const { tools } = plan(`{"tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}]}`);
    expect(tools[0]?.schema.text).to.equal(schema);
  });

  it("inserts a missing type and changes nothing else (R76)", () => {
    const warnings = new Warnings();
    const { tools } = plan(
      `{"tools":[{"type":"function","function":{"name":"f","parameters":{ "properties":{"type":{}} }}},{"type":"function","function":{"name":"g","parameters":{ }}}]}`,
      warnings,
    );
    expect(tools[0]?.schema.text).to.equal('{"type":"object", "properties":{"type":{}} }');
    expect(tools[1]?.schema.text).to.equal('{"type":"object" }');
    expect(warnings.codes).to.deep.equal(["tool_type_inserted"]);
  });

  it("gives a tool without parameters an object schema, without a warning (R76)", () => {
    const warnings = new Warnings();
    const { tools } = plan({ tools: [{ type: "function", function: { name: "f" } }] }, warnings);
    expect(tools[0]?.schema.text).to.equal('{"type":"object","properties":{}}');
    expect(warnings.codes).to.deep.equal([]);
  });

  it("reads the words (R77)", () => {
    for (const type of ["auto", "required", "none"] as const) {
      expect(plan({ tools: two, tool_choice: type }).choice).to.deep.equal({ type });
    }
    expect(plan({ tools: two }).choice).to.equal(undefined);
  });

  it("reads a named tool (R77)", () => {
    expect(plan({ tools: two, tool_choice: named("b") })).to.deep.include({ choice: { type: "named", name: "b" } });
    expect(names({ tools: two, tool_choice: named("b") })).to.deep.equal(["a", "b"]);
  });

  it("filters the tools by allowed_tools and takes its mode, never a name (R78)", () => {
    const allow = (mode: string, ...allowed: string[]) => ({
      tools: two,
      tool_choice: { type: "allowed_tools", allowed_tools: { mode, tools: allowed.map(named) } },
    });
    expect(names(allow("required", "b"))).to.deep.equal(["b"]);
    expect(plan(allow("required", "b")).choice).to.deep.equal({ type: "required" });
    expect(names(allow("auto", "b", "a"))).to.deep.equal(["a", "b"]);
    expect(plan(allow("auto", "b")).choice).to.deep.equal({ type: "auto" });
    expect(plan(allow("required")), "nothing left (R84)").to.deep.equal({ tools: [], choice: undefined });
  });

  it("ignores auto and none without tools (R79, R84)", () => {
    for (const choice of ["auto", "none"]) {
      expect(plan({ tool_choice: choice, tools: [] })).to.deep.equal({ tools: [], choice: undefined });
    }
  });

  const unknown = [
    "required",
    named("nope"),
    { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [named("nope")] } },
  ];
  for (const choice of unknown) {
    it(`refuses ${JSON.stringify(choice)} when there is no such tool (R79)`, () => {
      expect(() => plan({ tools: choice === "required" ? [] : two, tool_choice: choice }))
        .to.throw(GatewayError)
        .with.property("code", "unknown_tool_in_tool_choice");
    });
  }

  it("refuses choices of other tool types", () => {
    expect(() => plan({ tools: two, tool_choice: { type: "custom", custom: { name: "a" } } }))
      .to.throw(GatewayError)
      .with.property("code", "unsupported_tool_type");
  });
});
