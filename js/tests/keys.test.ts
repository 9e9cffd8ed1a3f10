import { test } from "node:test";
import { expect } from "expect";
import { commandOf, type KeyPress } from "../src/box_annotator/keys";

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: "",
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
});

test("digits are found by their place, whatever the layout prints there", () => {
  expect(commandOf(press("&", { code: "Digit1" }), false)).toEqual({ do: "class", position: 0 });
  expect(commandOf(press("0", { code: "Numpad0" }), false)).toEqual({ do: "class", position: 9 });
  expect(commandOf(press("PageDown", { code: "Numpad3" }), false)).toEqual({ do: "next" });
});

test("arrows move the selected box, and turn the page when there is none", () => {
  expect(commandOf(press("ArrowRight"), true)).toEqual({ do: "move", dx: 1, dy: 0 });
  expect(commandOf(press("ArrowUp", { shiftKey: true }), true)).toEqual({ do: "move", dx: 0, dy: -10 });
  expect(commandOf(press("ArrowUp", { altKey: true }), true)).toEqual({ do: "resize", dx: 0, dy: -1 });
  expect(commandOf(press("ArrowRight"), false)).toEqual({ do: "next" });
});

test("keys that are not ours are left to the notebook", () => {
  expect(commandOf(press("c", { ctrlKey: true }), true)).toBeNull();
  expect(commandOf(press("ArrowDown"), false)).toBeNull();
  expect(commandOf(press("q"), false)).toBeNull();
});

test("undo and redo", () => {
  expect(commandOf(press("z", { ctrlKey: true }), false)).toEqual({ do: "undo" });
  expect(commandOf(press("Z", { ctrlKey: true, shiftKey: true }), false)).toEqual({ do: "redo" });
  expect(commandOf(press("y", { metaKey: true }), false)).toEqual({ do: "redo" });
});
