import { describe, test } from "node:test";
import { expect } from "expect";
import { Hits, iou } from "../src/pattern_hits/hits";
import type { Gesture } from "../src/pattern_hits/protocol";
import { message } from "./fake_kernel";

const found = (positions: number[], scores: number[], boxes: number[]): DataView[] =>
  message(new Int32Array(positions), new Float32Array(scores), new Float32Array(boxes));

function hits(): Hits {
  const made = new Hits();
  made.add(["a", "b"], found([0, 1], [0.5, 0.75], [1, 2, 30, 40, 5, 6, 7, 8]));
  made.add(["a"], found([0], [1], [100, 2, 30, 40]));
  return made;
}

const gesture = (made: Hits, items: number[], accepted: boolean): Gesture => ({
  kind: "say",
  action: "x",
  image: "a",
  statements: made.judge(items, "crack", accepted),
});

describe("Hits", () => {
  test("the best come first, and those below the threshold not at all", () => {
    expect([...hits().above(0)]).toEqual([2, 1, 0]);
    expect([...hits().above(0.75)]).toEqual([2, 1]);
    expect(hits().inImage("a", 0.6)).toEqual([2]);
    expect(hits().get(1)).toEqual({ image: "b", position: 1, score: 0.75, x: 5, y: 6, width: 7, height: 8 });
  });

  test("what is said about a hit is known by its place, also to the next search", () => {
    const made = hits();
    made.showPending([gesture(made, [0, 1], true)]);
    expect(made.decision(0)).toMatchObject({ label: "crack", accepted: true });
    expect(made.decision(2)).toBeUndefined();
    made.clear();
    made.add(["a"], found([0], [0.9], [3, 2, 30, 40]));
    expect(made.decision(0)?.accepted).toBe(true);
  });

  test("a later decision replaces the earlier one", () => {
    const made = hits();
    const earlier = gesture(made, [0], true);
    made.showPending([earlier]);
    const before = made.decision(0)?.key;
    const later = gesture(made, [0], false);
    expect(later).toMatchObject({ statements: [{ image: "a", present: false, replaces: before }] });
    made.showPending([earlier, later]);
    expect(made.decided("a")).toHaveLength(1);
    expect(made.decision(0)?.accepted).toBe(false);
  });

  test("to show again what waits for the kernel changes nothing", () => {
    const made = hits();
    const said = gesture(made, [0, 2], true);
    for (let i = 0; i < 2; i++) made.showPending([said]);
    expect(made.decided("a")).toHaveLength(2);
  });

  test("an undo that waits shows what the kernel said before, and a redo shows the judgment again", () => {
    const made = hits();
    made.decide({ a: [{ key: "old", label: "stain", accepted: true, x: 1, y: 2, width: 30, height: 40 }] });
    const said = gesture(made, [0], false);
    const waiting: Gesture[] = [said];
    made.showPending(waiting);
    expect(made.decision(0)?.accepted).toBe(false);
    waiting.push({ kind: "undo", action: "y", image: "a", queue: "q" });
    made.showPending(waiting);
    expect(made.decided("a")).toMatchObject([{ key: "old", label: "stain", accepted: true }]);
    waiting.push({ kind: "redo", action: "z", image: "a", queue: "q" });
    made.showPending(waiting);
    expect(made.decision(0)?.accepted).toBe(false);
    made.showPending([]);
    expect(made.decision(0)?.key).toBe("old");
  });
});

test("overlap is the common area's share of the area of both", () => {
  expect(iou({ x: 0, y: 0, width: 10, height: 10 }, { x: 5, y: 0, width: 10, height: 10 })).toBeCloseTo(1 / 3);
  expect(iou({ x: 0, y: 0, width: 10, height: 10 }, { x: 10, y: 0, width: 10, height: 10 })).toBe(0);
});
