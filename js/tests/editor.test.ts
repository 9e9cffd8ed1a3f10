import { describe, test } from "node:test";
import { expect } from "expect";
import { Editor } from "../src/box_annotator/editor";
import type { Gesture, Page } from "../src/box_annotator/protocol";
import { withoutUndone } from "../src/shared/pending";

const page = (image: string, problem: string | null = null): Page => ({
  position: 0,
  image,
  width: 100,
  height: 50,
  reduction: 1,
  boxes: [],
  verdicts: [],
  problem,
});

function editing(first = page("a.png")) {
  const sent: Gesture[] = [];
  const told: string[] = [];
  const editor = new Editor(
    first,
    ["crack", "stain"],
    "q",
    (gesture) => sent.push(gesture),
    () => {},
    (sentence) => told.push(sentence),
  );
  return { editor, sent, told };
}

const box = { x: 10, y: 10, width: 20, height: 10 };

describe("Editor", () => {
  test("a drawn box is selected, has the class in use, and is one gesture", () => {
    const { editor, sent } = editing();
    editor.useClass(1, () => true);
    editor.draw(box);
    expect(editor.current).toMatchObject({ ...box, label: "stain" });
    expect(sent).toHaveLength(1);
    editor.useClass(0, () => true);
    expect(editor.current?.label).toBe("crack");
    expect(sent).toHaveLength(2);
  });

  test("undo shows at once, and is sent with the name of the queue", () => {
    const { editor, sent } = editing();
    editor.draw(box);
    editor.takeBack("undo", []);
    expect(editor.drawn.boxes).toEqual([]);
    expect(sent[1]).toMatchObject({ kind: "undo", image: "a.png", queue: "q" });
    expect(sent[1]).not.toHaveProperty("of");
  });

  test("what the kernel has not acknowledged stays on top of what it says", () => {
    const { editor, sent } = editing();
    editor.draw(box);
    editor.load(page("b.png"), sent);
    expect(editor.drawn.boxes).toEqual([]);
    editor.load(page("a.png"), sent);
    expect(editor.drawn.boxes).toHaveLength(1);
  });

  test("a box that a waiting undo takes back does not come again", () => {
    const { editor, sent } = editing();
    editor.draw(box);
    editor.draw({ ...box, x: 50 });
    editor.takeBack("undo", sent);
    expect(sent[2]).toMatchObject({ of: sent[1]?.action });
    editor.load(page("a.png"), sent);
    expect(editor.drawn.boxes.map(({ x }) => x)).toEqual([10]);
    expect(withoutUndone(sent)).toHaveLength(1);
  });

  test("of an image that cannot be read nothing is said but a skip", () => {
    const { editor, sent, told } = editing(page("a.png", "the file is damaged"));
    editor.draw(box);
    expect(editor.judge("none")).toBe(false);
    expect(sent).toEqual([]);
    expect(told).toEqual(["an image that cannot be read can only be skipped"]);
    expect(editor.judge("skip")).toBe(true);
    expect(sent).toHaveLength(1);
  });
});
