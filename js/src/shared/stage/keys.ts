// What keys do on every stage.
import type { Does, KeyMap, KeyPress } from "../keys";

/** Steps in pixels: of the image for a box, of the stage for a pan. */
export type Arrow = { do: "move" | "resize" | "pan"; dx: number; dy: number } | Does<"next" | "previous">;

const PAN_PIXELS = 150;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export const STAGE_KEYS = {
  f: "fit",
  z: "fit",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
  " ": "hold",
  PageDown: "next",
  PageUp: "previous",
} as const;

/** What an arrow means: it moves the selected box, or turns the page when there is none. Null: not ours. */
export function arrowOf(press: KeyPress, boxSelected: boolean): Arrow | null {
  const [x, y] = ARROWS[press.key] ?? [0, 0];
  if ((x === 0 && y === 0) || press.ctrlKey || press.metaKey) return null;
  const step = press.shiftKey ? 10 : 1;
  if (boxSelected) return { do: press.altKey ? "resize" : "move", dx: x * step, dy: y * step };
  if (press.shiftKey) return { do: "pan", dx: -x * PAN_PIXELS, dy: -y * PAN_PIXELS };
  if (press.altKey || y !== 0) return null;
  return { do: x > 0 ? "next" : "previous" };
}

/** The keys of a selected box, for people. */
export const ARROW_KEYS: KeyMap = [
  ["arrows", "move the selected box by a pixel, with Shift by ten; no box selected: previous, next image"],
  ["Alt + arrows", "resize the selected box at its lower right corner, with Shift by ten pixels"],
];
