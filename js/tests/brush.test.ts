import { describe, test } from "node:test";
import { expect } from "expect";
import { type Brush, Stroke } from "../src/shared/wall/brush";

/** A brush over tiles of ten pixels in one row, with gaps of two; what it is told. */
function brushing() {
  const told: (readonly number[] | boolean)[] = [];
  const brush: Brush = {
    dab: () => undefined,
    sweep: () => undefined,
    stroke: (items) => told.push(items),
    lift: (kept) => told.push(kept),
  };
  const stroke = new Stroke(brush, ({ x }) => (x % 12 < 10 ? Math.floor(x / 12) : null));
  return { told, stroke };
}

describe("Stroke", () => {
  test("a fast pointer skips no tile", () => {
    const { told, stroke } = brushing();
    stroke.to({ x: 5, y: 0 });
    stroke.to({ x: 101, y: 30 });
    expect(told).toEqual([[0], [1, 2, 3, 4, 5, 6, 7, 8]]);
  });

  test("a tile that the pointer comes over again is told once", () => {
    const { told, stroke } = brushing();
    for (const x of [5, 29, 5, 41]) stroke.to({ x, y: 0 });
    stroke.lift(true);
    expect(told).toEqual([[0], [1, 2], [3], true]);
  });

  test("between tiles there is nothing", () => {
    const { told, stroke } = brushing();
    stroke.to({ x: 11, y: 0 });
    expect(told).toEqual([]);
    stroke.to({ x: 13, y: 0 });
    expect(told).toEqual([[1]]);
  });
});
