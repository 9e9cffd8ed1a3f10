// What each key does: one table for the keyboard and for the help that `?` shows.

export type Command =
  | { do: "class"; position: number }
  | { do: "move" | "resize" | "pan"; dx: number; dy: number }
  | {
      do:
        | "none"
        | "skip"
        | "next"
        | "previous"
        | "first"
        | "last"
        | "unseen"
        | "add"
        | "delete"
        | "nextBox"
        | "previousBox"
        | "undo"
        | "redo"
        | "zoomIn"
        | "zoomOut"
        | "fit"
        | "full"
        | "escape"
        | "help";
    };

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

const PAN_PIXELS = 150;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const NAMED: Record<string, Exclude<Command["do"], "class" | "move" | "resize" | "pan">> = {
  n: "none",
  s: "skip",
  u: "unseen",
  b: "add",
  f: "fit",
  h: "full",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
  ".": "nextBox",
  ",": "previousBox",
  "?": "help",
  Delete: "delete",
  Backspace: "delete",
  Escape: "escape",
  PageDown: "next",
  PageUp: "previous",
  Home: "first",
  End: "last",
};

/** What a key press means, or null when the key is not ours (then the notebook gets it). */
export function commandOf(press: KeyPress, boxSelected: boolean): Command | null {
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (press.ctrlKey || press.metaKey) {
    if (key === "z") return { do: press.shiftKey ? "redo" : "undo" };
    if (key === "y") return { do: "redo" };
    return null;
  }
  const arrow = ARROWS[key];
  if (arrow) {
    const step = press.shiftKey ? 10 : 1;
    const [dx, dy] = [arrow[0] * step, arrow[1] * step];
    if (boxSelected) return { do: press.altKey ? "resize" : "move", dx, dy };
    if (press.shiftKey) return { do: "pan", dx: -arrow[0] * PAN_PIXELS, dy: -arrow[1] * PAN_PIXELS };
    if (press.altKey || arrow[1] !== 0) return null;
    return { do: arrow[0] > 0 ? "next" : "previous" };
  }
  if (press.altKey) return null;
  // The digit's place on the keyboard: on many layouts the digits need Shift.
  // (A number pad without number lock has the arrows there.)
  const digit = /^Digit(\d)$/.exec(press.code)?.[1] ?? (press.code.startsWith("Numpad") ? /^\d$/.exec(key)?.[0] : undefined);
  if (digit !== undefined) return { do: "class", position: (Number(digit) + 9) % 10 };
  const named = NAMED[key];
  return named === undefined ? null : { do: named };
}

/** The key map for people. */
export const HELP: readonly (readonly [string, string])[] = [
  ["drag", "draw a box (from inside the selected box: move it; at its handles: resize)"],
  ["click", "select the box below the pointer"],
  ["1 … 9, 0", "class of the next box and of the selected one"],
  ["B", "add a box in the middle of the view"],
  [", and .", "select the previous, next box"],
  ["arrows", "move the selected box by a pixel, with Shift by ten; no box selected: previous, next image"],
  ["Alt + arrows", "resize the selected box at its lower right corner, with Shift by ten pixels"],
  ["Delete", "delete the selected box"],
  ["N", "no defect here, and on to the next image"],
  ["S", "skip this image, and on to the next"],
  ["Page Down, Page Up", "next, previous image"],
  ["Home, End", "first, last image"],
  ["U", "first image that nothing was said about"],
  ["Ctrl + Z", "undo"],
  ["Ctrl + Shift + Z", "redo (also Ctrl + Y)"],
  ["wheel, pinch, + and −", "zoom (the wheel once the annotator has the focus, or with Ctrl)"],
  ["Space + drag, two fingers", "pan (also the middle button, and Shift + arrows when no box is selected)"],
  ["F and H", "fit the image in the view (again: its short side); 100 %"],
  ["Esc", "cancel, deselect, close this help"],
  ["?", "this help"],
];
