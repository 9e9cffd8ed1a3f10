import { describe, test } from "node:test";
import { expect } from "expect";
import { MakingBar } from "../src/pattern_gallery/making";
import type { Making } from "../src/pattern_gallery/protocol";
import { fake, page } from "./fake_page";

function making(...makers: string[]) {
  const made: [string, number][] = [];
  let stopped = 0;
  const bar = new MakingBar(
    makers,
    (name, count) => made.push([name, count]),
    () => stopped++,
    () => page.body.focus(),
  );
  const root = fake(bar.root);
  return { bar, root, made, stopped: () => stopped, number: root.find("How many patterns to make") };
}

const state = (change: Partial<Making>): Making => ({ name: "policy", made: 3, wanted: 12, share: null, ...change });

describe("MakingBar", () => {
  test("who makes nothing has no bar", () => {
    expect(making().root.hidden).toBe(true);
    expect(making("policy").root.hidden).toBe(false);
  });

  test("a button makes as many as are asked for, and nothing that is no number of patterns", () => {
    const { root, made, number } = making("policy", "GAN");
    for (const text of ["5", "2.6", "0", "-3", "", "many"]) {
      number.value = text;
      root.find("More: GAN").click();
    }
    expect(made).toEqual([
      ["GAN", 5],
      ["GAN", 3],
    ]);
  });

  test("while something is made, nothing else is, and it can be stopped", () => {
    const { bar, root, made, stopped } = making("policy");
    bar.show(state({}));
    root.find("More: policy").click();
    expect(made).toEqual([]);
    expect(root.find("Stop").hidden).toBe(false);
    root.find("Stop").click();
    expect(stopped()).toBe(1);
    root.find("Stop").focus();
    bar.show(state({ done: true }));
    expect(page.activeElement).toBe(page.body); // a button that goes away must not take the keys along
    expect(root.find("Stop").hidden).toBe(true);
    root.find("More: policy").click();
    expect(made).toHaveLength(1);
  });

  test("the share of the work is what the maker tells, else what is made of what is wanted", () => {
    const { bar, root } = making("policy");
    const progress = root.find("Patterns made");
    bar.show(state({ share: 0.5 }));
    expect(Number(progress.value)).toBe(0.5);
    bar.show(state({}));
    expect(Number(progress.value)).toBe(0.25);
    expect(progress.getAttribute("value")).not.toBeNull();
    bar.show(state({ made: 0 }));
    expect(progress.getAttribute("value")).toBeNull(); // it goes on, nobody knows how far
  });

  test("each end is told in its own words", () => {
    const { bar, root } = making("policy");
    const told = (change: Partial<Making>) => {
      bar.show(state(change));
      return root.textContent;
    };
    expect(told({})).toContain("policy: 3 patterns so far");
    expect(told({ done: true, made: 1 })).toContain("policy made 1 pattern");
    expect(told({ done: true, stopped: true })).toContain("policy was stopped after 3 patterns");
    expect(told({ done: true, error: { message: "no memory", details: "" } })).toContain("policy failed after 3 patterns");
  });
});
