import { expect } from "chai";
import { Vocabularies } from "../../../src/metering/tokens/vocabularies.ts";
import type { Vocabulary } from "../../../src/metering/tokens/vocabulary.ts";

const vocabulary: Vocabulary = { pieces: /\S+|\s+/g, countPiece: () => 1 };

describe("Vocabularies", () => {
  it("loads each once, however often it is asked for", async () => {
    const loads: string[] = [];
    const load = (name: string): Promise<Vocabulary> => {
      loads.push(name);
      return Promise.resolve(vocabulary);
    };
    const vocabularies = new Vocabularies({ load, onLost: () => {} });
    expect(vocabularies.get("o200k")).to.equal(undefined);
    expect(vocabularies.get("o200k")).to.equal(undefined);
    await vocabularies.load("o200k");
    expect(vocabularies.get("o200k")).to.equal(vocabulary);
    expect(loads).to.deep.equal(["o200k"]);
  });

  it("tells once when one cannot be loaded, and goes on without it", async () => {
    const lost: unknown[] = [];
    const reason = new Error("no such module");
    const vocabularies = new Vocabularies({
      load: () => Promise.reject(reason),
      onLost: (name, why) => lost.push([name, why]),
    });
    await vocabularies.load("cl100k");
    await vocabularies.load("cl100k");
    expect(vocabularies.get("cl100k")).to.equal(undefined);
    expect(lost).to.deep.equal([["cl100k", reason]]);
  });
});
