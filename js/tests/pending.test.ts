import { test } from "node:test";
import { expect } from "expect";
import { withoutUndone, undoTarget } from "../src/shared/pending";

/** "a" and "b" are said, "-" is an undo, "+" a redo. */
const waiting = (course: string) =>
  [...course].map((name, i) => ({ name, action: `${name}${i}`, kind: { "-": "undo", "+": "redo" }[name] ?? "say" }));

const shown = (course: string) =>
  withoutUndone(waiting(course))
    .map(({ name }) => name)
    .join("");

test("undo and redo of what waits are as in an editor", () => {
  expect(shown("ab")).toBe("ab");
  expect(shown("ab-")).toBe("a");
  expect(shown("ab--")).toBe("");
  expect(shown("ab--+")).toBe("a");
  expect(shown("ab--++")).toBe("ab");
  expect(shown("a-b+")).toBe("b"); // what is said after an undo forgets what was undone
});

test("what the kernel has saved already is not guessed", () => {
  expect(shown("-a")).toBe("a");
  expect(shown("a--+")).toBe(""); // the redo brings back the earlier one, which the kernel knows
  expect(shown("a--++")).toBe("a");
});

test("an undo names what waits and is still said, a redo the undo that waits and is not redone", () => {
  const undo = (course: string) => undoTarget(waiting(course), "undo").of;
  const redo = (course: string) => undoTarget(waiting(course), "redo").of;
  expect(undo("ab")).toBe("b1");
  expect(undo("ab-")).toBe("a0");
  expect(undo("ab-+")).toBe("b1");
  expect(redo("ab-")).toBe("-2");
  expect(redo("ab--+")).toBe("-2");
});

test("what is saved already is not named: the kernel knows what came last", () => {
  for (const course of ["", "-", "a-", "-+"]) expect(undoTarget(waiting(course), "undo")).toEqual({});
  for (const course of ["", "a", "a-+", "a-b"]) expect(undoTarget(waiting(course), "redo")).toEqual({});
  expect(undoTarget(waiting("-"), "redo").of).toBe("-0");
});
