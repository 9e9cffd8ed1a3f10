import { test } from "node:test";
import { expect } from "expect";
import { contains, middleOf, smallestAt, upright } from "../src/shared/box";
import { neighbor } from "../src/shared/stage/neighbor";

test("a box is the same, whichever way it is drawn", () => {
  const box = { x: 10, y: 20, width: 30, height: 5 };
  for (const [width, height] of [
    [30, 5],
    [-30, 5],
    [30, -5],
    [-30, -5],
  ] as const) {
    expect(upright({ x: width > 0 ? 10 : 40, y: height > 0 ? 20 : 25, width, height })).toEqual(box);
  }
  expect(contains(box, middleOf(box))).toBe(true);
});

test("a click reaches the smallest box, also a little beside it", () => {
  const big = { x: 0, y: 0, width: 90, height: 40 };
  const small = { x: 20, y: 20, width: 5, height: 5 };
  expect(smallestAt([big, small], { x: 22, y: 22 }, 0)).toBe(small);
  expect(smallestAt([big, small], { x: 26, y: 22 }, 0)).toBe(big);
  expect(smallestAt([big, small], { x: 26, y: 22 }, 2)).toBe(small);
  expect(smallestAt([big, small], { x: 99, y: 49 }, 0)).toBeUndefined();
});

test("going from box to box goes round, and begins at either end", () => {
  const [one, two] = [{ key: "one" }, { key: "two" }];
  expect(neighbor([one, two], "two", 1)).toBe(one);
  expect(neighbor([one, two], "one", -1)).toBe(two);
  expect(neighbor([one, two], null, 1)).toBe(one);
  expect(neighbor([one, two], null, -1)).toBe(two);
  expect(neighbor([], "gone", 1)).toBeUndefined();
});
