// What each key does, where the wall of hits has not taken it: its own keys move and select.
import { type Common, type Does, type Help, type KeyMap, type KeyPress, meaningOf } from "../shared/keys";
import { STAGE_KEYS } from "../shared/stage/keys";
import type { ViewCommand } from "../shared/stage/viewer";

export type Command = Common | ViewCommand | Does<"accept" | "reject" | "search" | "stop" | "heat">;

const NAMED = {
  ...STAGE_KEYS,
  a: "accept",
  r: "reject",
  Delete: "reject",
  l: "search",
  Enter: "search",
  x: "stop",
  h: "heat",
  b: "add",
  ArrowRight: "next",
  ArrowLeft: "previous",
} as const;

export function commandOf(press: KeyPress): Command | Help | null {
  return meaningOf(press, NAMED);
}

/** The key map for people. */
export const KEYS: KeyMap = [
  ["drag on the image, B", "draw the box to look for; the search begins at once"],
  ["L, Enter", "look for the selected hit instead"],
  ["click a hit", "show it in its image"],
  ["A", "accept the selected hits: they are boxes of this class"],
  ["R, Delete", "reject the selected hits: nothing is there"],
  ["1 … 9, 0", "the class of what is accepted"],
  ["H", "show how well the box fits everywhere in the image"],
  ["X", "stop the search"],
  ["Ctrl + click, Shift + click, drag, Ctrl + A", "select more hits on the wall (touch: hold one, then drag)"],
  ["arrows, Page, Home, End, Space", "go and select on the wall; on the image: the next and previous one"],
  ["wheel, pinch, + and −, F or Z", "zoom, fit (on the wall: larger, smaller tiles)"],
  ["Esc", "from a list or a slider to the wall; select nothing; close this help"],
];
