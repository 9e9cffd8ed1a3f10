import { describe, test } from "node:test";
import { expect } from "expect";
import { beside, moved, snapped } from "../src/shared/stage/geometry";

describe("snapped", () => {
  test("the direction of drawing does not matter", () => {
    expect(snapped({ x: 30, y: 20, width: -20, height: -10 }, 100, 50)).toEqual({ x: 10, y: 10, width: 20, height: 10 });
  });
  test("a box ends where the image ends", () => {
    expect(snapped({ x: 90, y: -5, width: 40, height: 90 }, 100, 50)).toEqual({ x: 90, y: 0, width: 10, height: 50 });
  });
  test("in an image of one row a box has one row", () => {
    expect(snapped({ x: 5, y: 0, width: 10, height: 1 }, 100, 1)).toEqual({ x: 5, y: 0, width: 10, height: 1 });
  });
  test("a drag beside the image is no box", () => {
    expect(beside({ x: -5, y: 10, width: 4, height: 20 }, 100, 50)).toBe(true);
    expect(beside({ x: 120, y: 10, width: -10, height: 20 }, 100, 50)).toBe(true);
    expect(beside({ x: 120, y: 10, width: -30, height: 20 }, 100, 50)).toBe(false);
  });
  test("a box has whole pixels, and two of them at least, even in the corner", () => {
    expect(snapped({ x: 99.7, y: 49.6, width: 0.1, height: 0.1 }, 100, 50)).toEqual({ x: 98, y: 48, width: 2, height: 2 });
  });
});

test("moving keeps the size and stops at the border", () => {
  const box = { x: 10, y: 10, width: 20, height: 10 };
  expect(moved(box, -50, 500, 100, 50)).toEqual({ x: 0, y: 40, width: 20, height: 10 });
});
