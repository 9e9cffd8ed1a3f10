import { describe, test } from "node:test";
import { expect } from "expect";
import { offsetOf, physicalOf, TALLEST } from "../src/shared/wall/scroller";

const SEEN = 500;

describe("scrolling", () => {
  for (const height of [3_000, TALLEST, TALLEST + 1, 30_000_000, 500_000_000]) {
    test(`every place of a wall of ${height} pixels has its place on the scroll bar, and the other way round`, () => {
      const last = height - SEEN;
      let before = -1;
      for (let i = 0; i <= 1000; i++) {
        const offset = (last * i) / 1000;
        const physical = physicalOf(offset, height, SEEN);
        expect(physical).toBeGreaterThan(before);
        expect(physical).toBeLessThanOrEqual(Math.min(height, TALLEST) - SEEN + 1e-6);
        expect(offsetOf(physical, height, SEEN)).toBeCloseTo(offset, 3);
        before = physical;
      }
      expect(physicalOf(last, height, SEEN)).toBeCloseTo(Math.min(height, TALLEST) - SEEN, 6);
    });
  }

  test("near both ends of a wall that is too high, a pixel is a pixel", () => {
    const height = 400_000_000;
    const end = physicalOf(height - SEEN, height, SEEN);
    expect(physicalOf(1234, height, SEEN)).toBe(1234);
    expect(physicalOf(height - SEEN - 777, height, SEEN)).toBe(end - 777);
  });
});
