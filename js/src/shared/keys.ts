// What keys mean in every widget: undo and redo, the digits that choose a class, and the help.

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

/** One command for each name. */
export type Does<D extends string> = D extends D ? { do: D } : never;

export type Common = Does<"undo" | "redo" | "escape"> | { do: "class"; position: number };

export type Help = Does<"help">;

/** Keys or gestures, and what they do, for people. */
export type KeyMap = readonly (readonly [string, string])[];

/** The key, letters in lower case; on layouts without Latin letters, the one that is elsewhere in its place. */
export function letterOf({ key, code }: Pick<KeyPress, "key" | "code">): string {
  if (key.length !== 1) return key;
  const latin = key > "~" ? /^Key([A-Z])$/.exec(code)?.[1] : undefined;
  return (latin ?? key).toLowerCase();
}

/**
 * What a key press means, or null when the key is not ours (then the notebook gets it).
 *
 * @param named what the widget's own keys do, letters in lower case
 */
export function meaningOf<D extends string>(
  press: KeyPress,
  named: Readonly<Record<string, D>>,
): Does<D> | Common | Help | null {
  const key = letterOf(press);
  if (press.ctrlKey || press.metaKey) {
    if (key === "z") return { do: press.shiftKey ? "redo" : "undo" };
    return key === "y" ? { do: "redo" } : null;
  }
  if (press.altKey) return null;
  // the digit's place on the keyboard: on many layouts the digits need Shift
  // (a number pad without number lock has the arrows there)
  const digit = /^Digit(\d)$/.exec(press.code)?.[1] ?? (press.code.startsWith("Numpad") ? /^\d$/.exec(key)?.[0] : undefined);
  if (digit !== undefined) return { do: "class", position: (Number(digit) + 9) % 10 };
  if (key === "?") return { do: "help" };
  if (key === "Escape") return { do: "escape" };
  const own = named[key];
  return own === undefined ? null : ({ do: own } as Does<D>);
}

/** The keys of all widgets, for people. */
export const COMMON_KEYS: KeyMap = [
  ["Ctrl + Z", "undo"],
  ["Ctrl + Shift + Z", "redo (also Ctrl + Y)"],
  ["?", "this help"],
];
