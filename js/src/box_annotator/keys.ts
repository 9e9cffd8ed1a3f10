// What each key does: one table for the keyboard and for the help that `?` shows.
import { type Common, type Does, type Help, type KeyMap, type KeyPress, meaningOf } from "../shared/keys";
import { ARROW_KEYS, arrowOf, STAGE_KEYS } from "../shared/stage/keys";
import type { ViewCommand } from "../shared/stage/viewer";

export type Command = Common | ViewCommand | Does<"none" | "skip" | "unseen" | "delete" | "nextBox" | "previousBox">;

const NAMED = {
  ...STAGE_KEYS,
  n: "none",
  s: "skip",
  u: "unseen",
  b: "add",
  h: "full",
  ".": "nextBox",
  ",": "previousBox",
  Delete: "delete",
  Backspace: "delete",
  Home: "first",
  End: "last",
} as const;

export function commandOf(press: KeyPress, boxSelected: boolean): Command | Help | null {
  return arrowOf(press, boxSelected) ?? meaningOf(press, NAMED);
}

/** The key map for people. */
export const KEYS: KeyMap = [
  ["drag", "draw a box (from inside the selected box: move it; at its handles: resize)"],
  ["click", "select the box below the pointer"],
  ["1 … 9, 0", "class of the next box and of the selected one"],
  ["B", "add a box in the middle of the view"],
  [", and .", "select the previous, next box"],
  ...ARROW_KEYS,
  ["Delete", "delete the selected box"],
  ["N", "no defect here, and on to the next image"],
  ["S", "skip this image, and on to the next"],
  ["Page Down, Page Up", "next, previous image"],
  ["Home, End", "first, last image"],
  ["U", "first image that nothing was said about"],
  ["wheel, pinch, + and −", "zoom (the wheel once the annotator has the focus, or with Ctrl)"],
  ["Space + drag, two fingers", "pan (also the middle button, and Shift + arrows when no box is selected)"],
  ["F or Z, and H", "fit the image in the view (again: its short side); 100 %"],
  ["Esc", "cancel, deselect, close this help"],
];
