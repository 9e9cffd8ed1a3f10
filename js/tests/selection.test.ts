import { describe, test } from "node:test";
import { expect } from "expect";
import { Selection } from "../src/shared/wall/selection";

const order = new Uint32Array([5, 3, 9, 0, 7]);

function selection(...items: number[]): Selection {
  const made = new Selection();
  made.grow(10);
  made.only(items);
  return made;
}

describe("Selection", () => {
  test("counts what it holds, whatever is selected twice", () => {
    const chosen = selection(3, 3, 9);
    chosen.set(9, true);
    chosen.toggle(0);
    chosen.toggle(3);
    expect(chosen.items()).toEqual([0, 9]);
    expect(chosen.count).toBe(2);
  });

  test("a range goes by places in the order, from either end", () => {
    for (const [from, to] of [
      [1, 3],
      [3, 1],
    ] as const) {
      const chosen = selection(7);
      chosen.range(order, from, to);
      expect(chosen.items()).toEqual([0, 3, 9]);
    }
  });

  test("a snapshot brings back what was selected, also after more items came", () => {
    const chosen = selection(1, 2);
    const before = chosen.snapshot();
    chosen.only([4]);
    chosen.grow(20);
    chosen.set(15, true);
    chosen.restore(before);
    expect(chosen.items()).toEqual([1, 2]);
    expect(chosen.count).toBe(2);
  });
});
