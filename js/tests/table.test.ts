import { describe, test } from "node:test";
import { expect } from "expect";
import { DROPPED, type Filter, KEPT, Table, UNDECIDED } from "../src/pattern_gallery/table";
import { packed, unpacked } from "../src/shared/packing";
import { message } from "./fake_kernel";

const NONE = 2 ** 16 - 1;
const everything: Filter = { origins: new Set([0, 1, 2]), states: new Set([0, 1, 2]), label: null, family: null };

// 0 and 1 are cut out, 2 and 3 are made of 0, 4 is made of 3, 5 by a GAN near 1
function table(): Table {
  const made = new Table();
  made.classes = ["crack", "stain"];
  made.load(
    0,
    0,
    message(
      new Uint8Array([0, 0, 1, 1]),
      new Uint8Array([0, 0, 2, 1]),
      new Uint16Array([0, 1, 0, NONE]),
      new Int32Array([-1, -1, 0, 0]),
      new Float32Array([0.5, Number.NaN, 2, 1]),
    ),
  );
  made.load(
    4,
    0,
    message(
      new Uint8Array([1, 2]),
      new Uint8Array([0, 0]),
      new Uint16Array([0, 1]),
      new Int32Array([3, 1]),
      new Float32Array([3, -1]),
    ),
  );
  return made;
}

const items = [0, 1, 2, 3, 4, 5];
const states = (of: Table) => items.map((item) => of.stateOf(item));
const shown = (filter: Partial<Filter>) => [...table().arrange({ ...everything, ...filter }, "given").order];

describe("Table", () => {
  test("columns that come in parts are read from any byte", () => {
    expect(items.map((item) => table().classOf(item))).toEqual([0, 1, 0, NONE, 0, 1]);
    expect(items.map((item) => table().parentOf(item))).toEqual([-1, -1, 0, 0, 3, 1]);
    expect(table().originCounts).toEqual([2, 3, 1]);
    expect(table().stateCounts).toEqual([4, 1, 1]);
  });

  test("filters let through what has all that they ask for", () => {
    expect(shown({})).toEqual([0, 1, 2, 3, 4, 5]);
    expect(shown({ origins: new Set([1]) })).toEqual([2, 3, 4]);
    expect(shown({ states: new Set([DROPPED]) })).toEqual([2]);
    expect(shown({ states: new Set([UNDECIDED]), label: 1 })).toEqual([1, 5]);
  });

  test("a family is the same, whichever of its patterns is asked for", () => {
    for (const member of [0, 2, 3, 4]) expect(shown({ family: member })).toEqual([0, 2, 3, 4]);
    expect(shown({ family: 5 })).toEqual([1, 5]);
  });

  test("patterns whose parents go round in a circle have roots, too", () => {
    const circle = new Table();
    circle.load(
      0,
      0,
      message(
        new Uint8Array(3),
        new Uint8Array(3),
        new Uint16Array(3),
        new Int32Array([1, 2, 0]),
        new Float32Array(3),
      ),
    );
    expect(circle.arrange({ ...everything, family: 1 }, "given").order.length).toBeGreaterThan(0);
  });

  test("the most important come first, those without importance last", () => {
    expect([...table().arrange(everything, "importance").order]).toEqual([4, 2, 3, 0, 5, 1]);
  });

  test("classes have a header each, with how many there are", () => {
    const { order, sections } = table().arrange(everything, "class");
    expect([...order]).toEqual([0, 2, 4, 1, 5, 3]);
    expect(sections).toEqual([
      { title: "\u2068crack\u2069 (3)", count: 3 },
      { title: "\u2068stain\u2069 (2)", count: 2 },
      { title: "\u2068no class\u2069 (1)", count: 1 },
    ]);
  });

  test("nothing to show has no headers", () => {
    expect(table().arrange({ ...everything, label: 7 }, "origin")).toEqual({ order: new Uint32Array(0), sections: [] });
  });

  test("what was decided in the kernel and what is said here change the same columns", () => {
    const changed = table();
    changed.change(1, message(new Int32Array([1, 4]), new Uint8Array([KEPT, DROPPED]), new Uint16Array([0, 1])));
    expect(states(changed)).toEqual([0, 1, 2, 1, 2, 0]);
    const renamed = { items: [0, 4], label: "stain" };
    changed.showPending([renamed]);
    expect(states(changed)).toEqual([1, 1, 2, 1, 2, 0]); // who drops a pattern and renames it does not want it back
    changed.showPending([renamed, { items: [4], present: true }]);
    expect(changed.stateCounts).toEqual([1, 4, 1]);
    expect(changed.label(4)).toBe("stain");
    expect(changed.stateOf(4)).toBe(KEPT);
  });

  test("what is no longer pending is as the kernel said, also what it said meanwhile", () => {
    const changed = table();
    changed.showPending([{ items: [0, 1], present: false }]);
    expect(changed.stateCounts).toEqual([2, 1, 3]);
    changed.change(1, message(new Int32Array([1]), new Uint8Array([KEPT]), new Uint16Array([1])));
    expect(states(changed)).toEqual([2, 2, 2, 1, 0, 0]);
    changed.showPending([]);
    expect(states(changed)).toEqual([0, 1, 2, 1, 0, 0]);
    expect(changed.stateCounts).toEqual([3, 2, 1]);
  });

  test("what the kernel has taken over stays, and what still waits is shown over rows that are read again", () => {
    const changed = table();
    changed.accept({ items: [0], present: false });
    changed.showPending([{ items: [5], label: "crack" }]);
    expect([changed.stateOf(0), changed.label(5)]).toEqual([DROPPED, "crack"]);
    changed.load(
      4,
      0,
      message(new Uint8Array(2), new Uint8Array(2), new Uint16Array([1, 1]), new Int32Array(2), new Float32Array(2)),
    );
    expect([changed.stateOf(0), changed.label(4), changed.label(5)]).toEqual([DROPPED, "stain", "crack"]);
  });

  test("items are packed into text and back, in little room", () => {
    const few = [0, 7, 8, 63, 99_999];
    expect(unpacked(packed(few, 100_000))).toEqual(few);
    const all = Array.from({ length: 100_000 }, (_, i) => i);
    expect(packed(all, 100_000)).toHaveLength(16_668);
    expect(packed(few, 100_000)).toEqual(few); // few of many need no bits
    expect(unpacked(packed(all, 100_000))).toEqual(all);
  });
});
