import { expect } from "chai";
import { GatewayError } from "../../../src/lib/errors.ts";
import { stringifyRaw } from "../../../src/lib/raw-json.ts";
import { prepareTools } from "../../../src/providers/aws-bedrock/prepare-tools.ts";
import { readChatRequest } from "../../../src/providers/common/chat-request.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";
import { chatClientRequest } from "../common/attempt.ts";

interface Prepared {
  readonly text: string;
  readonly config: { readonly tools: readonly unknown[]; readonly toolChoice?: unknown } | undefined;
  readonly codes: readonly string[];
}

function prepareText(body: string): Prepared {
  const warnings = new Warnings();
  const config = prepareTools(readChatRequest(chatClientRequest(body), "Acme", warnings), warnings);
  const text = config === undefined ? "" : stringifyRaw(config);
  return {
    text,
    config: text === "" ? undefined : (JSON.parse(text) as Prepared["config"] & object),
    codes: warnings.codes,
  };
}

const hello = { role: "user", content: "Hi" };
const history = [
  hello,
  {
    role: "assistant",
    tool_calls: ["one", "two", "one"].map((name, index) => ({ id: `${index}`, type: "function", function: { name } })),
  },
  ...["0", "1", "2"].map((tool_call_id) => ({ role: "tool", tool_call_id, content: "x" })),
];

function prepare(members: object, messages: readonly object[] = [hello]): Prepared {
  return prepareText(JSON.stringify({ model: "m", messages, ...members }));
}

function tool(name: string, more: object = {}) {
  return { type: "function", function: { name, parameters: { type: "object" } }, ...more };
}

function refusal(members: object): GatewayError {
  try {
    prepare(members);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("the tools were not refused");
}

const spec = (name: string) => ({ toolSpec: { name, inputSchema: { json: { type: "object" } } } });
const tools = [tool("a"), tool("b")];

describe("prepareTools of AWS Bedrock", () => {
  it("copies schemas byte for byte, unknown keywords included (R74)", () => {
    const schema = '{ "type":"object","$defs":{"n":{"maximum":12345678901234567890}},"x-y":1.0 }';
    const { text } = prepareText(
      `{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":${schema}}}]}`,
    );
    expect(text).to.equal(
      `{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":${schema}},"strict":true}}]}`,
    );
  });

  it("gives a schema to a tool that has none, and a type to one without (R76)", () => {
    const bare = { type: "function", function: { name: "a" } };
    const untyped = { type: "function", function: { name: "b", parameters: { properties: {} } } };
    const { config, codes } = prepare({ tools: [bare, untyped] });
    expect(config?.tools).to.deep.equal(
      ["a", "b"].map((name) => ({ toolSpec: { name, inputSchema: { json: { type: "object", properties: {} } } } })),
    );
    expect(codes).to.deep.equal(["tool_type_inserted"]);
  });

  it("leaves out an empty description, which the API refuses", () => {
    const empty = { type: "function", function: { name: "a", description: "", parameters: { type: "object" } } };
    expect(prepare({ tools: [empty] }).config?.tools).to.deep.equal([spec("a")]);
  });

  it("makes a cache point after a marked tool (R91)", () => {
    const { config } = prepare({ tools: [tool("a", { cache_control: { type: "ephemeral", ttl: "5m" } }), tool("b")] });
    expect(config?.tools).to.deep.equal([spec("a"), { cachePoint: { type: "default", ttl: "5m" } }, spec("b")]);
  });

  it("translates each choice (R77)", () => {
    const choice = (tool_choice: unknown) => prepare({ tools, tool_choice }).config?.toolChoice;
    expect(choice("auto")).to.deep.equal({ auto: {} });
    expect(choice("required")).to.deep.equal({ any: {} });
    expect(choice({ type: "function", function: { name: "b" } })).to.deep.equal({ tool: { name: "b" } });
    expect(choice(undefined)).to.equal(undefined);
  });

  it("keeps only allowed tools, and never names an empty one (R78)", () => {
    const allowed = (mode: string) => ({
      type: "allowed_tools",
      allowed_tools: { mode, tools: [{ type: "function", function: { name: "b" } }] },
    });
    expect(prepare({ tools, tool_choice: allowed("required") }).config).to.deep.equal({
      tools: [spec("b")],
      toolChoice: { any: {} },
    });
    expect(prepare({ tools, tool_choice: allowed("auto") }).config?.toolChoice).to.deep.equal({ auto: {} });
  });

  it("refuses a choice of a tool that is not there, and ignores auto and none without tools (R79)", () => {
    const named = { type: "function", function: { name: "c" } };
    expect(refusal({ tools, tool_choice: named })).to.include({ code: "unknown_tool_in_tool_choice", status: 422 });
    expect(refusal({ tool_choice: "required" })).to.include({ code: "unknown_tool_in_tool_choice" });
    for (const tool_choice of ["auto", "none"]) {
      expect(prepare({ tool_choice })).to.include({ config: undefined }).and.deep.include({ codes: [] });
    }
  });

  it("sends no tools for the choice none, unless the history has calls: then it warns (R82)", () => {
    expect(prepare({ tools, tool_choice: "none" })).to.deep.include({ config: undefined, codes: [] });
    const kept = prepare({ tools, tool_choice: "none" }, history);
    expect(kept.config).to.deep.equal({ tools: [spec("a"), spec("b")] });
    expect(kept.codes).to.deep.equal(["tool_choice_none_not_enforced"]);
    const results = prepare({ tools, tool_choice: "none" }, [hello, { role: "tool", tool_call_id: "x", content: "" }]);
    expect(results.config?.tools).to.have.length(2);
  });

  it("makes tools of the names in the history when there are none (R83)", () => {
    const { config, codes } = prepare({}, history);
    expect(config).to.deep.equal({ tools: [spec("one"), spec("two")] });
    expect(codes).to.deep.equal(["tools_synthesized"]);
    expect(prepare({ tools }, history)).to.deep.include({ codes: [] });
    expect(prepare({ tool_choice: "none" }, history).codes).to.deep.equal([
      "tools_synthesized",
      "tool_choice_none_not_enforced",
    ]);
  });

  it("never sends an empty list, nor a choice without tools (R84)", () => {
    const none = { type: "allowed_tools", allowed_tools: { mode: "required", tools: [] } };
    for (const members of [{ tools: [] }, { tools: [], tool_choice: "auto" }, { tools, tool_choice: none }, {}]) {
      expect(prepare(members).config).to.equal(undefined);
    }
    expect(prepare({ tools, tool_choice: none }, history).config).to.deep.equal({ tools: [spec("one"), spec("two")] });
    expect(prepare({}, [{ role: "tool", tool_call_id: "x", content: "" }]).config).to.equal(undefined);
  });

  it("refuses tools that are no functions, and reports that calls cannot be kept single (R64)", () => {
    expect(refusal({ tools: [{ type: "custom", custom: {} }] })).to.include({ code: "unsupported_tool_type" });
    expect(prepare({ tools, parallel_tool_calls: false }).codes).to.deep.equal(["dropped:parallel_tool_calls"]);
    expect(prepare({ tools, parallel_tool_calls: true }).codes).to.deep.equal([]);
  });
});
