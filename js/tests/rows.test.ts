import { describe, test } from "node:test";
import { expect } from "expect";
import { type Columns, type Edit, Rows, type Schema } from "../src/shared/wall/rows";
import { message } from "./fake_kernel";

const SCHEMA = [
  { name: "sizes", type: Float32Array },
  { name: "states", type: Uint8Array, editable: true },
  { name: "labels", type: Uint16Array, editable: true },
] as const satisfies Schema;

type Naming = Edit<{ label: number }>;

/** Rows that can be named; who names them has looked at them. */
class Names extends Rows<typeof SCHEMA, Naming> {
  counts = 0;

  constructor() {
    super(SCHEMA);
  }

  get all(): unknown {
    const { sizes, states, labels } = this.shown;
    return [[...sizes], [...states], [...labels]];
  }

  protected apply({ items, label }: Naming, { states, labels }: Columns<typeof SCHEMA>): void {
    for (const item of items) [states[item], labels[item]] = [1, label];
  }

  protected recount(): void {
    this.counts++;
  }
}

/** Four rows, which come in two parts. */
function names(): Names {
  const made = new Names();
  made.load(0, 3, message(Float32Array.of(0.5, 1.5), Uint8Array.of(0, 1), Uint16Array.of(0, 500)));
  made.load(2, 3, message(Float32Array.of(2.5, 3.5), Uint8Array.of(0, 0), Uint16Array.of(0, 0)));
  return made;
}

const news = (item: number, state: number, label: number) =>
  message(Int32Array.of(item), Uint8Array.of(state), Uint16Array.of(label));

describe("Rows", () => {
  test("parts that begin at any byte are joined, each column by its own type", () => {
    const rows = names();
    expect(rows.all).toEqual([[0.5, 1.5, 2.5, 3.5], [0, 1, 0, 0], [0, 500, 0, 0]]);
    expect([rows.count, rows.isAt(3, 4), rows.isAt(3, 5), rows.isAt(4, 4)]).toEqual([4, true, false, false]);
    expect(new Names().count).toBe(0);
  });

  test("news of the next revision change the editable columns of their rows", () => {
    const rows = names();
    expect(rows.change(4, news(2, 1, 7))).toBe(true);
    expect(rows.all).toEqual([[0.5, 1.5, 2.5, 3.5], [0, 1, 1, 0], [0, 500, 7, 0]]);
  });

  test("news of a revision that is not the next one are not taken over", () => {
    for (const revision of [2, 3, 5]) {
      const rows = names();
      expect(rows.change(revision, news(2, 1, 7))).toBe(false);
      expect(rows.all).toEqual(names().all);
    }
  });

  test("what is pending shows on top of whatever the kernel says, and goes when it is pending no more", () => {
    const rows = names();
    rows.showPending([{ items: [0, 1], label: 9 }]);
    rows.change(4, news(1, 0, 2));
    expect(rows.all).toEqual([[0.5, 1.5, 2.5, 3.5], [1, 1, 0, 0], [9, 9, 0, 0]]);
    rows.load(2, 5, message(Float32Array.of(8, 8), Uint8Array.of(1, 0), Uint16Array.of(8, 0)));
    rows.showPending([]);
    expect(rows.all).toEqual([[0.5, 1.5, 8, 8], [0, 0, 1, 0], [0, 2, 8, 0]]);
  });

  test("the last of what is pending counts", () => {
    const rows = names();
    rows.showPending([
      { items: [0], label: 9 },
      { items: [0], label: 8 },
    ]);
    expect(rows.all).toEqual([[0.5, 1.5, 2.5, 3.5], [1, 1, 0, 0], [8, 500, 0, 0]]);
  });

  test("what the kernel has carried out stays", () => {
    const rows = names();
    rows.showPending([{ items: [3], label: 9 }]);
    rows.accept({ items: [3], label: 9 });
    rows.showPending([]);
    expect(rows.all).toEqual([[0.5, 1.5, 2.5, 3.5], [0, 1, 0, 1], [0, 500, 0, 9]]);
  });

  test("rows are counted again whenever they are shown in another way", () => {
    const rows = names();
    const before = rows.counts;
    rows.showPending([]);
    rows.change(4, news(0, 1, 1));
    rows.change(9, news(0, 1, 1));
    expect(rows.counts).toBe(before + 2);
  });
});
