// What each key does in the gallery; keys that move and select belong to the wall.
import { type Common, type Does, type Help, type KeyMap, type KeyPress, meaningOf } from "../shared/keys";

export type Command = Common | Does<"keep" | "drop" | "family" | "zoom" | "undecided">;

const NAMED = {
  k: "keep",
  d: "drop",
  Delete: "drop",
  Backspace: "drop",
  f: "family",
  z: "zoom",
  u: "undecided",
} as const;

export function commandOf(press: KeyPress): Command | Help | null {
  return meaningOf(press, NAMED);
}

/** The key map for people. */
export const KEYS: KeyMap = [
  ["click, tap", "select a pattern (Ctrl + click: one more; Shift + click: all up to it)"],
  ["drag", "select with a rubber band (touch: hold a pattern, then drag)"],
  ["arrows, Page, Home, End", "go to another pattern, with Shift: select on the way"],
  ["Space", "select the pattern, or not"],
  ["Ctrl + A", "select all that are shown"],
  ["D, Delete", "drop the selected patterns: they are not used"],
  ["K", "keep the selected patterns, dropped ones too"],
  ["1 … 9, 0", "give the selected patterns this class"],
  ["F", "show only the family of the pattern: what it is made of, and all that is made of the same"],
  ["U", "go to the first pattern that is neither kept nor dropped"],
  ["Z, Enter, double click", "show the pattern large, and back"],
  ["+ and −", "larger, smaller tiles"],
  ["Esc", "from a list or a slider to the wall; select nothing; then: close what is open; then: show all families"],
];
