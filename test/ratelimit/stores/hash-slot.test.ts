import { expect } from "chai";
import { hashSlot, slotCount, tagOfSlot } from "../../../src/ratelimit/stores/hash-slot.ts";

describe("hashSlot", () => {
  // what CLUSTER KEYSLOT of a Redis 7 answers
  for (const [key, slot] of [
    ["123456789", 12739],
    ["foo", 12182],
    ["{foo}:hour", 12182],
    ["a{foo}b{bar}", 12182],
    ["{}foo", 9500],
    ["{foo", 13308],
    ["ü", 9552],
    ["", 0],
  ] as const) {
    it(`L15: ${JSON.stringify(key)} lies in ${slot}`, () => {
      expect(hashSlot(key)).to.equal(slot);
    });
  }

  it("L15: every slot has a tag whose keys lie in it", () => {
    for (let slot = 0; slot < slotCount; slot++) expect(hashSlot(`call:{${tagOfSlot(slot)}}:x`)).to.equal(slot);
  });
});
