import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { expect } from "expect";
import { SeenTracker } from "../src/similarity_review/seen_tracker";
import "./fake_page";

function looking() {
  const told: number[][] = [];
  const sight = { items: [] as number[] };
  const made = new SeenTracker(
    () => sight.items,
    (items) => told.push(items),
  );
  // whole milliseconds, of which sums and differences are exact
  const start = Math.round(performance.now());
  /** It is so many milliseconds later, and this is in sight. */
  const see = (ms: number, ...items: number[]) => {
    sight.items = items;
    made.look(start + ms);
  };
  return { made, told, see };
}

describe("SeenTracker", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  test("what is in sight for a second was looked at, what passes by was not", () => {
    const { see, told } = looking();
    see(0, 1, 2);
    see(900, 1, 2, 3);
    see(1000, 1, 3);
    see(2100, 3);
    see(5000);
    expect(told).toEqual([[1, 3]]);
  });

  test("what went out of sight begins anew", () => {
    const { see, told } = looking();
    see(0, 1);
    see(800);
    see(900, 1);
    see(1700, 1);
    see(6000);
    expect(told).toEqual([]);
    see(6100, 1);
    see(7100, 1);
    expect(told).toEqual([[1]]);
  });

  test("looks are told some seconds' worth at a time, and at the end", () => {
    const { see, told, made } = looking();
    see(0, 1);
    see(1500, 1, 2);
    see(3000, 1, 2);
    expect(told).toEqual([]);
    see(4500, 3);
    expect(told).toEqual([[1, 2]]);
    see(5600, 3);
    made.dispose();
    expect(told).toEqual([[1, 2], [3]]);
  });
});
