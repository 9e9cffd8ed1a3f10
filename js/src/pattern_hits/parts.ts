// Much that is said at once, in parts that the browser's storage takes and a message carries.
import type { Statement } from "./protocol";

const MOST_BYTES = 400_000; // a message may have a million; an undo takes back a part at a time, so they are few

/** The statements in their order, in parts of at most `most` bytes each; a larger one is a part of its own. */
export function inParts(statements: readonly Statement[], most = MOST_BYTES): Statement[][] {
  const encoder = new TextEncoder();
  const parts: Statement[][] = [];
  let room = 0;
  for (const statement of statements) {
    const bytes = encoder.encode(JSON.stringify(statement)).length + 1; // with the comma
    if (parts.length === 0 || bytes > room) {
      parts.push([]);
      room = most;
    }
    parts.at(-1)?.push(statement);
    room -= bytes;
  }
  return parts;
}
