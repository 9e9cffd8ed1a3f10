import { describe, test } from "node:test";
import { expect } from "expect";
import { Frame } from "../src/shared/frame";
import { FakeElement, page, real } from "./fake_page";

/** A widget to which all arrows and Page keys mean the next image, unless Alt is pressed. */
function framed() {
  const root = new FakeElement("div");
  const panel = new FakeElement("aside");
  panel.setAttribute("class", "ig-panel");
  const row = new FakeElement("li");
  panel.append(row);
  const course: string[] = [];
  const frame = new Frame<{ do: string }>(real(root), {
    keys: [],
    commandOf: ({ key, altKey }) => (altKey ? null : key === "?" ? { do: "help" } : { do: key === "Escape" ? "escape" : "next" }),
    run: (command) => void course.push(command.do),
    focus: () => root.focus(),
  });
  frame.fill([], real(panel));
  return { root, panel, row, frame, course, help: root.find("Keys and gestures") };
}

describe("Frame", () => {
  test("a panel that has the keyboard scrolls; from a part of it, and with other keys, commands are run", () => {
    const { panel, row, course } = framed();
    for (const key of ["PageDown", "ArrowUp", " "]) expect(panel.press(key).defaultPrevented).toBe(false);
    expect(course).toEqual([]);
    panel.press("n");
    panel.press("ArrowUp", { shiftKey: true });
    row.press("ArrowUp");
    expect(course).toEqual(["next", "next", "next"]);
  });

  test("Alt + arrows never leave the page", () => {
    const { root, panel } = framed();
    for (const place of [root, panel]) expect(place.press("ArrowLeft", { altKey: true }).defaultPrevented).toBe(true);
    expect(root.press("d", { altKey: true }).defaultPrevented).toBe(false);
  });

  test("the help is read by keys, until one closes it", () => {
    const { root, help, course } = framed();
    root.press("?");
    expect(help.press("PageDown").defaultPrevented).toBe(false);
    expect([course, help.hidden]).toEqual([[], false]);
    help.press("?");
    expect([help.hidden, page.activeElement]).toEqual([true, root]);
  });

  test("a message that goes away takes no keys along", () => {
    const { root, frame } = framed();
    frame.trouble.show("the disk is full", "");
    const dismiss = root.find("Dismiss");
    dismiss.focus();
    dismiss.click(0);
    expect(page.activeElement).toBe(root);
  });
});
