// Names as people gave them, which may be long and written in any direction.

const LONGEST = 60; // who draws a text shapes every letter of it, seen or not

/** As much of a name as is drawn in a picture. */
export function cut(name: string): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}

/** A name in a sentence: whatever direction it begins and does not end, the rest of the sentence keeps its own. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}
