// What each key does in the review; keys that move and select belong to the wall.
import { type Common, type Does, type Help, type KeyMap, type KeyPress, meaningOf } from "../shared/keys";

export type Command = Common | Does<"mark" | "back" | "zoom" | "select" | "again" | "unseen">;

const NAMED = {
  x: "mark",
  " ": "mark",
  Backspace: "back",
  Delete: "back",
  z: "zoom",
  v: "select",
  u: "unseen",
  r: "again",
} as const;

export function commandOf(press: KeyPress): Command | Help | null {
  return meaningOf(press, NAMED);
}

/** The key map for people. */
export const KEYS: KeyMap = [
  ["click, tap", "mark the label as wrong, or take back what was said"],
  ["drag", "do to all images on the way what the first one gets (touch: hold an image, then drag)"],
  ["Shift + click", "the same to all images from the last one to this one"],
  ["Ctrl + click", "select an image, or not"],
  ["Ctrl + drag, Alt + drag", "select with a rubber band"],
  ["V", "clicks and drags select, or mark again"],
  ["arrows, Page, Home, End", "go to another image, with Shift: select on the way"],
  ["Ctrl + Space", "select the image, or not"],
  ["Ctrl + A", "select all that are shown"],
  ["1 … 9, 0", "give the selected images this class; none selected: the one with the dashed frame, which follows mouse and arrows"],
  ["X, Space", "mark the labels of the selected images as wrong, or not"],
  ["Backspace, Delete", "take back what was said about the selected images"],
  ["Z, Enter, double click", "show the image large beside similar ones, and back; arrows, X and digits work there"],
  ["U", "go to the first image that was not looked at"],
  ["R", "apply the filter again: what was changed leaves"],
  ["+ and −", "larger, smaller tiles"],
  ["Esc", "from a list or a slider to the wall; select nothing; then: close what is open"],
];
