// What each key does in a review: one table for the keyboard and for the help that `?` shows.
import { type Common, type Does, type Help, type KeyMap, type KeyPress, meaningOf } from "../shared/keys";
import { ARROW_KEYS, arrowOf, STAGE_KEYS } from "../shared/stage/keys";
import type { ViewCommand } from "../shared/stage/viewer";

export type Command = Common | ViewCommand | Does<"accept" | "reject" | "comment" | "undecided" | "nextBox" | "previousBox">;

const NAMED = {
  ...STAGE_KEYS,
  a: "accept",
  Enter: "accept",
  r: "reject",
  Delete: "reject",
  c: "comment",
  u: "undecided",
  b: "add",
  ".": "nextBox",
  ",": "previousBox",
} as const;

export function commandOf(press: KeyPress, boxSelected: boolean): Command | Help | null {
  return arrowOf(press, boxSelected) ?? meaningOf(press, NAMED);
}

/** The key map for people. */
export const KEYS: KeyMap = [
  ["click", "select the box below the pointer"],
  [", and .", "select the previous, next box"],
  ["A, Enter", "accept the selected box, and on to the next one that you have not judged"],
  ["R, Delete", "reject the selected box, and on to the next one that you have not judged"],
  ["✓ and ✕ in the list", "the same; again: take the vote back"],
  ["drag the selected box", "adjust it: the old one is rejected, the new one accepted"],
  ...ARROW_KEYS,
  ["1 … 9, 0", "another class for the selected box"],
  ["drag elsewhere, B", "add a box that nobody has drawn"],
  ["C", "write a comment on the selected box, or on the image"],
  ["Page Down, Page Up", "next, previous image"],
  ["U", "first image with a box that you have not judged"],
  ["wheel, pinch, + and −, F or Z", "zoom, fit (the wheel once the review has the focus, or with Ctrl)"],
  ["Space + drag, two fingers", "pan (also the middle button, and Shift + arrows when no box is selected)"],
  ["Esc", "leave a list or a text; cancel, deselect, close this help"],
];
