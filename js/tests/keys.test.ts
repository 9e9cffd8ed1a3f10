import { test } from "node:test";
import { expect } from "expect";
import { commandOf } from "../src/box_annotator/keys";
import { commandOf as galleryCommandOf } from "../src/pattern_gallery/keys";
import { commandOf as hitsCommandOf } from "../src/pattern_hits/keys";
import { commandOf as reviewCommandOf } from "../src/peer_review/keys";
import type { KeyPress } from "../src/shared/keys";

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

test("undo, redo, classes, help and the way out are the same in every widget", () => {
  const widgets = [
    (key: KeyPress) => commandOf(key, false),
    (key: KeyPress) => reviewCommandOf(key, true),
    galleryCommandOf,
    hitsCommandOf,
  ];
  for (const meaning of widgets) {
    expect(meaning(press("z", { ctrlKey: true }))).toEqual({ do: "undo" });
    expect(meaning(press("Z", { ctrlKey: true, shiftKey: true }))).toEqual({ do: "redo" });
    expect(meaning(press("y", { metaKey: true }))).toEqual({ do: "redo" });
    expect(meaning(press("3", { code: "Digit3" }))).toEqual({ do: "class", position: 2 });
    expect(meaning(press("?", { shiftKey: true }))).toEqual({ do: "help" });
    expect(meaning(press("Escape"))).toEqual({ do: "escape" });
    expect(meaning(press("k", { ctrlKey: true }))).toBeNull();
    expect(meaning(press("f", { altKey: true }))).toBeNull();
  }
});

test("letters do what they are for, with and without the shift key", () => {
  expect(galleryCommandOf(press("D"))).toEqual({ do: "drop" });
  expect(hitsCommandOf(press("Enter"))).toEqual({ do: "search" });
  expect(reviewCommandOf(press("a"), false)).toEqual({ do: "accept" });
});

test("letters are found by their place on layouts that have no Latin ones, and only there", () => {
  expect(galleryCommandOf(press("в", { code: "KeyD" }))).toEqual({ do: "drop" });
  expect(galleryCommandOf(press("Я", { code: "KeyZ", ctrlKey: true, shiftKey: true }))).toEqual({ do: "redo" });
  expect(reviewCommandOf(press(",", { code: "KeyM" }), true)).toEqual({ do: "previousBox" });
  expect(galleryCommandOf(press("e", { code: "KeyD" }))).toBeNull();
});
