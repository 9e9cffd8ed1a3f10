// What the same gestures and keys mean in all widgets. A test holds every widget's keys to it, and the help shows it.
import type { KeyMap, KeyPress } from "./keys";

interface Meaning {
  /** The gesture or key, for people. */
  gesture: string;
  means: string;
  /** The key, and the commands that it may run: in a widget that has none of them, it does nothing. */
  key?: string;
  commands?: readonly string[];
}

export const MEANINGS: readonly Meaning[] = [
  { gesture: "click, tap", means: "select what is there; where labels are reviewed: mark it" },
  { gesture: "drag", means: "make a box, move the selected one, or do to all on the way what a click does" },
  { gesture: "Shift", means: "more: from the last one to this one, ten steps instead of one" },
  { gesture: "Ctrl + click", means: "select one more, or one less" },
  { gesture: "1 … 9, 0", means: "this class, for what is selected and what comes next" },
  {
    ...{ gesture: "Enter", key: "Enter", commands: ["accept", "open", "zoom", "search"] },
    means: "go ahead with what is selected: accept it, open it or look for it",
  },
  { gesture: "Delete", key: "Delete", commands: ["delete", "reject", "drop", "back"], means: "away with what is selected" },
  { gesture: "N", key: "n", commands: ["none"], means: "nothing here, and on to the next" },
  { gesture: "S", key: "s", commands: ["skip"], means: "skip: say that you do not judge it, and on to the next" },
  { gesture: "U", key: "u", commands: ["unseen", "undecided"], means: "the first one that is still to do" },
  { gesture: "Z", key: "z", commands: ["fit", "zoom"], means: "large, and back: see all of it, or close up" },
];

const NO_MODIFIERS = { code: "", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };

/** What a press of a key alone is like. */
export function pressOf(key: string): KeyPress {
  return { ...NO_MODIFIERS, key };
}

/** The rows of the table that hold in a widget, for people: its gestures, and those of the keys that it has. */
export function meaningsFor(commandOf: (press: KeyPress) => { do: string } | null): KeyMap {
  const holds = ({ key, commands }: Meaning) => key === undefined || commands?.includes(commandOf(pressOf(key))?.do ?? "");
  return MEANINGS.filter(holds).map(({ gesture, means }) => [gesture, means]);
}
