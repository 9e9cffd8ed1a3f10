import { describe, test } from "node:test";
import { expect } from "expect";
import { grouped } from "../src/shared/wall/grouping";

describe("grouped", () => {
  const groups = [1, 0, 1, 0, 2];
  const order = Uint32Array.from([4, 2, 1, 0, 3]);

  test("items of one group are together, in the order that they had", () => {
    const { order: arranged, sections } = grouped(order, groups, (group) => "abc"[group] as string);
    expect([...arranged]).toEqual([1, 3, 2, 0, 4]);
    expect(sections.map(({ count }) => count)).toEqual([2, 2, 1]);
  });

  test("how many there are is told after a name of any length and direction", () => {
    const names = ["x".repeat(10_000), "שלום", "<b>"];
    const { sections } = grouped(order, groups, (group) => names[group] as string);
    expect(sections[0]?.title).toMatch(/^\u2068x{20,200}…\u2069 \(2\)$/);
    expect(sections[1]?.title).toBe("\u2068שלום\u2069 (2)");
    expect(sections[2]?.title).toBe("\u2068<b>\u2069 (1)");
  });
});
