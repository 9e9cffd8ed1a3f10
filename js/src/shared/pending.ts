// What waits for the kernel.
import type { Entry } from "./outbox";

type Said<G> = Exclude<G, { kind: "undo" | "redo" }>;

interface Course<G> {
  /** What is not taken back, the last at the end. */
  said: Said<G>[];
  /** The undos that are not redone, and what each takes back; undefined: what the kernel has saved already. */
  undone: { by: G; what: Said<G> | undefined }[];
}

function courseOf<G extends { kind: string }>(waiting: readonly G[]): Course<G> {
  const said: Said<G>[] = [];
  let undone: Course<G>["undone"] = [];
  for (const gesture of waiting) {
    if (gesture.kind === "undo") {
      undone.push({ by: gesture, what: said.pop() });
    } else if (gesture.kind === "redo") {
      const again = undone.pop()?.what;
      if (again) said.push(again);
    } else {
      said.push(gesture as Said<G>);
      undone = [];
    }
  }
  return { said, undone };
}

/** What waits for the kernel and is not taken back by an undo that waits behind it. */
export function withoutUndone<G extends { kind: string }>(waiting: readonly G[]): Said<G>[] {
  return courseOf(waiting).said;
}

/** What an undo or redo is of, where that waits too: the kernel need not guess it then, whatever others said meanwhile. */
export function undoTarget<G extends Entry>(waiting: readonly G[], kind: "undo" | "redo"): { of?: string } {
  const { said, undone } = courseOf(waiting);
  const gesture = kind === "undo" ? (said.at(-1) as G | undefined) : undone.at(-1)?.by;
  return gesture ? { of: gesture.action } : {};
}
