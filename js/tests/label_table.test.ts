import { describe, test } from "node:test";
import { expect } from "expect";
import { progressText } from "../src/similarity_review/counts";
import { CONFIRMED, type Filter, MARKED, NO_CLASS, RELABELED, Table, UNSAID } from "../src/similarity_review/table";
import { message } from "./fake_kernel";

const everything: Filter = { show: "all", label: null };

/** Six images: hats and shoes by turns, the last without a label; the kernel knows 1 as a hat, and 2 as wrong. */
function table(): Table {
  const made = new Table(["hat", "shoe"]);
  const given = [0, 1, 0, 1, 0, NO_CLASS];
  const labels = [0, 0, 0, 1, 0, NO_CLASS];
  const part = (from: number, to: number) =>
    message(
      Uint8Array.from([0, 1, 1, 1, 0, 0].slice(from, to)),
      Uint8Array.from([UNSAID, RELABELED, MARKED, UNSAID, UNSAID, UNSAID].slice(from, to)),
      Uint16Array.from(labels.slice(from, to)),
      Uint16Array.from(given.slice(from, to)),
    );
  made.load(0, 0, part(0, 4));
  made.load(4, 0, part(4, 6));
  return made;
}

const states = (of: Table) => Array.from({ length: 6 }, (_, item) => of.state(item));

describe("Table of labels", () => {
  test("columns that come in parts are all there, and counted", () => {
    const made = table();
    expect([made.count, made.seen, made.errors]).toEqual([6, 3, 2]);
    expect(states(made)).toEqual([UNSAID, RELABELED, MARKED, UNSAID, UNSAID, UNSAID]);
    expect(made.name(made.label(5))).toBe("no label");
  });

  test("what is pending shows on top of what is known, and goes when it is pending no more", () => {
    const made = table();
    made.showPending([
      { items: [0, 5], says: "wrong" },
      { items: [1, 2], says: "nothing" },
      { items: [3], says: "label", label: "shoe" },
      { items: [4], says: "label", label: "shoe" },
    ]);
    expect(states(made)).toEqual([MARKED, UNSAID, UNSAID, CONFIRMED, RELABELED, UNSAID]); // 5 has no label to be wrong
    expect([made.label(1), made.label(4)]).toEqual([1, 1]);
    expect([made.seen, made.errors]).toEqual([6, 2]);
    made.showPending([]);
    expect(states(made)).toEqual(states(table()));
  });

  test("what the kernel says meanwhile is there when nothing is pending any more", () => {
    const made = table();
    made.showPending([{ items: [0], says: "wrong" }]);
    made.change(1, message(Int32Array.from([0, 1]), Uint8Array.of(1, 1), Uint8Array.of(RELABELED, UNSAID), Uint16Array.of(1, 1)));
    expect(states(made).slice(0, 2)).toEqual([MARKED, UNSAID]);
    made.showPending([]);
    expect(states(made).slice(0, 2)).toEqual([RELABELED, UNSAID]);
  });

  test("a look says nothing about the label", () => {
    const made = table();
    made.accept({ items: [0, 1] });
    made.showPending([{ items: [5] }]);
    expect([made.seen, states(made)]).toEqual([5, states(table())]);
  });

  test("filters let through what has all that they ask for", () => {
    const made = table();
    const order = [5, 4, 3, 2, 1, 0];
    const shown = (filter: Partial<Filter>) => [...made.arrange(order, { ...everything, ...filter }, null).order];
    expect(shown({})).toEqual(order);
    expect(shown({ show: "marked" })).toEqual([2]);
    expect(shown({ show: "changed" })).toEqual([1]);
    expect(shown({ show: "unseen" })).toEqual([5, 4, 0]);
    expect(shown({ label: 0 })).toEqual([4, 2, 1, 0]); // 1 was a shoe and is a hat
    expect(shown({ label: 1 })).toEqual([3, 1]);
    expect(shown({ label: 1, show: "changed" })).toEqual([1]);
  });

  test("groups have a header each, and the images in them the order chosen", () => {
    const made = table();
    const byLabel = { groups: made.given, name: (label: number) => made.name(label) };
    const { order, sections } = made.arrange([5, 4, 3, 2, 1, 0], everything, byLabel);
    expect([...order]).toEqual([4, 2, 0, 3, 1, 5]);
    expect(sections).toEqual([
      { title: "\u2068hat\u2069 (3)", count: 3 },
      { title: "\u2068shoe\u2069 (2)", count: 2 },
      { title: "\u2068no label\u2069 (1)", count: 1 },
    ]);
  });
});

describe("counts", () => {
  const progress = { selected: 0, seen: 400, shown: 20_000, errors: 10, left: [490.4, 120, 1200.6] as const };

  test("say how the review goes, and what is left", () => {
    expect(progressText(progress)).toBe(
      "reviewed 400 of 20,000 · 10 errors, 2.5 per 100 looked at · about 490 left (120–1,201)",
    );
    expect(progressText({ ...progress, selected: 3, seen: 1, errors: 1 })).toMatch(/^3 selected · reviewed 1 of 20,000 · 1 error, 100 per/);
  });

  test("before anything was seen, and when all was, nothing is estimated", () => {
    expect(progressText({ ...progress, seen: 0, errors: 0 })).toBe("reviewed 0 of 20,000");
    expect(progressText({ ...progress, seen: 20_000 })).not.toContain("left");
  });
});
