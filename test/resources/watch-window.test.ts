import { expect } from "chai";
import { type StoreEvent, WatchWindow } from "../../src/resources/watch-window.ts";
import { costKey, makeObject } from "./support.ts";

const event = (version: number): StoreEvent => ({ type: "ADDED", key: costKey, object: makeObject(), version });

describe("watch window", () => {
  function versionsAfter(window: WatchWindow, version: number): number[] {
    const versions: number[] = [];
    window.follow(version, (told) => void versions.push(told.version));
    return versions;
  }

  it("tells what came after a version, then what comes, until it is told to stop", () => {
    const window = new WatchWindow(10, 100);
    for (const version of [11, 12, 13]) window.add(event(version));
    const versions: number[] = [];
    const stop = window.follow(11, (told) => void versions.push(told.version));
    window.add(event(14));
    stop();
    window.add(event(15));
    expect(versions).to.deep.equal([12, 13, 14]);
    expect(versionsAfter(window, 15)).to.deep.equal([]);
  });

  it("remembers as many as it has room for, and knows what it has forgotten", () => {
    const window = new WatchWindow(10, 2);
    expect(window.remembers(10)).to.equal(true);
    expect(window.remembers(9)).to.equal(false);
    for (const version of [11, 12, 13, 14]) window.add(event(version));
    expect(window.remembers(11)).to.equal(false);
    expect(window.remembers(12)).to.equal(true);
    expect(versionsAfter(window, 12)).to.deep.equal([13, 14]);
  });
});
