import { expect } from "chai";
import fc from "fast-check";
import type { ChatMessage } from "../../../src/providers/common/chat-message.ts";
import { makeToolIds } from "../../../src/providers/common/tool-ids.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";

function calls(...ids: readonly string[]): ChatMessage {
  const toolCalls = ids.map((id) => ({ id, name: "f", arguments: "{}", path: "" }));
  return { role: "assistant", path: "", cache: undefined, thinking: [], parts: [], toolCalls };
}

function result(toolCallId: string): ChatMessage {
  return { role: "tool", path: "", cache: undefined, toolCallId, plainText: true, parts: [], isError: false };
}

describe("makeToolIds", () => {
  it("does not touch legal ids (R85)", () => {
    const warnings = new Warnings();
    const ids = makeToolIds([calls("toolu_1", "call-A"), result("toolu_1"), result("call-A")], warnings);
    expect([...ids]).to.deep.equal([
      ["toolu_1", "toolu_1"],
      ["call-A", "call-A"],
    ]);
    expect(warnings.codes).to.deep.equal([]);
  });

  it("rewrites illegal ids once for call and result, and reports it (R85)", () => {
    const warnings = new Warnings();
    const ids = makeToolIds([calls("call:1"), result("call:1")], warnings);
    expect([...ids]).to.deep.equal([["call:1", "call_1"]]);
    expect(warnings.codes).to.deep.equal(["tool_ids_rewritten"]);
  });

  it("keeps ids apart that would fall together, and lets the legal one stay", () => {
    const ids = makeToolIds([calls("a:b", "a/b"), calls("a_b")], new Warnings());
    expect(ids.get("a_b")).to.equal("a_b");
    expect(ids.get("a:b")).to.match(/^a_b-[0-9a-f]{8}$/);
    expect(new Set(ids.values()).size).to.equal(3);
  });

  it("cuts ids that are too long to 55 characters and a hash", () => {
    const long = "x".repeat(65);
    const ids = makeToolIds([calls(long, "y".repeat(64))], new Warnings(), 64);
    expect(ids.get(long)).to.match(/^x{55}-[0-9a-f]{8}$/);
    expect(ids.get("y".repeat(64))).to.equal("y".repeat(64));
  });

  it("makes distinct legal ids of any ids, the same each time", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "binary", maxLength: 80 }), { maxLength: 12 }), (originals) => {
        const ids = makeToolIds([calls(...originals)], new Warnings(), 64);
        expect([...ids.keys()]).to.deep.equal(originals);
        expect(new Set(ids.values()).size).to.equal(originals.length);
        for (const id of ids.values()) expect(id).to.match(/^[A-Za-z0-9_-]{1,64}$/);
        expect([...makeToolIds([calls(...originals)], new Warnings(), 64)]).to.deep.equal([...ids]);
      }),
    );
  });
});
