import { describe, test } from "node:test";
import { expect } from "expect";
import { ClassChips } from "../src/shared/chips";
import { fake } from "./fake_page";

function chips(...classes: string[]) {
  const course: string[] = [];
  const made = new ClassChips("Class of the box", "boxes", (position) => course.push(`class ${position}`), () => course.push("keys"));
  made.offer(classes);
  const root = fake(made.root);
  return { made, root, course, texts: () => root.elements.map((chip) => chip.textContent) };
}

describe("ClassChips", () => {
  test("each class has its color, name and digit; the eleventh has no digit", () => {
    const { root, texts } = chips(...Array.from({ length: 11 }, (_, i) => `c${i}`));
    expect(texts()[0]).toBe("\u2068c0\u20691");
    expect(texts()[9]).toBe("\u2068c9\u20690");
    expect(texts()[10]).toBe("\u2068c10\u2069");
    expect(root.querySelectorAll("span")[0]?.getAttribute("style")).toContain("#E69F00");
  });

  test("a click chooses, and gives the keyboard back; a key on the chip leaves it", () => {
    const { root, course } = chips("crack", "stain");
    root.elements[1]?.click();
    root.elements[0]?.click(0);
    expect(course).toEqual(["keys", "class 1", "class 0"]);
  });

  test("one is marked, also when others are offered", () => {
    const { made, root } = chips("crack", "stain");
    const marked = () => root.elements.map((chip) => chip.getAttribute("aria-pressed"));
    made.mark(1);
    expect(marked()).toEqual(["false", "true"]);
    made.offer(["crack", "stain", "dent"]);
    expect(marked()).toEqual(["false", "true", "false"]);
    made.mark(null);
    expect(marked()).toEqual(["false", "false", "false"]);
  });

  test("counts are shown where there is something, and said in words", () => {
    const { made, root, texts } = chips("crack", "stain");
    made.count([12, 0]);
    expect(texts()).toEqual(["\u2068crack\u2069121", "\u2068stain\u20692"]);
    expect(root.elements[0]?.title).toBe("Class \u2068crack\u2069 (1), 12 boxes");
    expect(root.elements[1]?.title).toBe("Class \u2068stain\u2069 (2)");
  });

  test("the same classes again leave the chips as they are: a finger may be on one", () => {
    const { made, root } = chips("crack");
    const [chip] = root.elements;
    made.offer(["crack"]);
    expect(root.elements[0]).toBe(chip);
  });
});
