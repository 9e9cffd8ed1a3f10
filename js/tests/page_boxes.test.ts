import { describe, test } from "node:test";
import { expect } from "expect";
import type { Page } from "../src/box_annotator/protocol";
import { PageBoxes } from "../src/box_annotator/page_boxes";

const page = (change: Partial<Page> = {}): Page => ({
  position: 0,
  image: "a.png",
  width: 100,
  height: 50,
  reduction: 1,
  boxes: [{ key: "old", label: "crack", x: 10, y: 10, width: 20, height: 10 }],
  verdicts: [],
  problem: null,
  ...change,
});

describe("PageBoxes", () => {
  test("a change replaces the statement in force", () => {
    const drawn = new PageBoxes(page());
    const [statement] = drawn.change("old", { x: 12 });
    expect(statement).toMatchObject({ replaces: "old", label: "crack", present: true, x: 12, y: 10, width: 20, height: 10 });
    expect(drawn.boxes).toHaveLength(1);
    expect(drawn.boxes[0]?.key).toBe(statement?.key);
  });
  test("a change that changes nothing says nothing", () => {
    expect(new PageBoxes(page()).change("old", { x: 10.3 })).toEqual([]);
  });
  test("no defect withdraws the boxes and speaks of every class", () => {
    const drawn = new PageBoxes(page());
    const statements = drawn.sayNone(["crack", "stain"]);
    expect(statements.map(({ deletes, label, present }) => ({ deletes, label, present }))).toEqual([
      { deletes: "old", label: undefined, present: undefined },
      { deletes: undefined, label: "crack", present: false },
      { deletes: undefined, label: "stain", present: false },
    ]);
    expect(drawn.verdict).toBe("none");
    expect(drawn.sayNone(["crack", "stain"])).toEqual([]);
  });
  test("drawing withdraws the verdict", () => {
    const drawn = new PageBoxes(page({ boxes: [], verdicts: [{ key: "v", label: "crack", present: false }] }));
    const statements = drawn.draw({ x: 1, y: 1, width: 5, height: 5 }, "crack");
    expect(statements[0]?.deletes).toBe("v");
    expect(drawn.verdict).toBe(null);
  });
  test("a drawn box leaves alone that a class is there somewhere", () => {
    const drawn = new PageBoxes(page({ boxes: [], verdicts: [{ key: "v", label: "stain", present: true }] }));
    expect(drawn.verdict).toBe(null);
    expect(drawn.draw({ x: 1, y: 1, width: 5, height: 5 }, "crack")).toHaveLength(1);
    expect(drawn.verdicts).toHaveLength(1);
  });
  test("an image with boxes is not skipped", () => {
    expect(new PageBoxes(page()).skip()).toEqual([]);
  });
  test("replaying the statements gives the same drawn", () => {
    const drawn = new PageBoxes(page());
    const statements = [
      ...drawn.draw({ x: 50, y: 5, width: 10, height: 10 }, "stain"),
      ...drawn.change("old", { label: "stain" }),
      ...drawn.draw({ x: 70, y: 5, width: 10, height: 10 }, "crack"),
      ...drawn.remove(drawn.boxes[2]?.key ?? ""),
    ];
    const again = new PageBoxes(page());
    again.replay(statements);
    expect(again.boxes).toEqual(drawn.boxes);
    again.replay(statements);
    expect(new Set(again.boxes.map((box) => box.label))).toEqual(new Set(["stain"]));
    expect(again.boxes).toHaveLength(2);
  });
});
