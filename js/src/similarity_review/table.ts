// What is known about each image, in columns: the browser filters and groups them without asking the kernel.
import { tallied } from "../shared/columns";
import { type Arranged, grouped } from "../shared/wall/grouping";
import { type Columns, type Edit, Rows, type Schema } from "../shared/wall/rows";
import type { Says } from "./protocol";

export const [UNSAID, MARKED, RELABELED, CONFIRMED] = [0, 1, 2, 3];
export const NO_CLASS = 2 ** 16 - 1;

/** Something about some images; without `says`, that they were looked at. */
export type Saying = Edit<Says | { says?: never }>;

export interface Filter {
  show: "all" | "marked" | "changed" | "unseen";
  /** A class, given or new, or null for all. */
  label: number | null;
}

/** Under which headers images are shown: the number of each image's group, and what groups are called. */
export interface Grouping {
  groups: ArrayLike<number>;
  name: (group: number) => string;
}

const SCHEMA = [
  { name: "seen", type: Uint8Array, editable: true },
  { name: "states", type: Uint8Array, editable: true },
  { name: "labels", type: Uint16Array, editable: true },
  { name: "given", type: Uint16Array },
] as const satisfies Schema;

export class Table extends Rows<typeof SCHEMA, Saying> {
  private seenCount = 0;
  private errorCount = 0;
  private labelCount: readonly number[] = [];

  constructor(readonly classes: readonly string[]) {
    super(SCHEMA);
  }

  /** The labels that images were given. */
  get given(): Uint16Array {
    return this.shown.given;
  }

  /** How many images were looked at. */
  get seen(): number {
    return this.seenCount;
  }

  /** How many of them have a given label that was said to be wrong. */
  get errors(): number {
    return this.errorCount;
  }

  state(item: number): number {
    return this.shown.states[item] as number;
  }

  isSeen(item: number): boolean {
    return this.shown.seen[item] === 1;
  }

  /** How many images have each label now. */
  get labelCounts(): readonly number[] {
    return this.labelCount;
  }

  /** Whether the label of an image was said to be wrong. */
  isWrong(item: number): boolean {
    return this.state(item) === MARKED || this.state(item) === RELABELED;
  }

  /** The label of an image now, as a position in the classes. */
  label(item: number): number {
    return this.shown.labels[item] as number;
  }

  name(label: number): string {
    return this.classes[label] ?? "no label";
  }

  admits({ show, label }: Filter, item: number): boolean {
    if (label !== null && this.label(item) !== label && this.given[item] !== label) return false;
    switch (show) {
      case "all":
        return true;
      case "marked":
        return this.state(item) === MARKED;
      case "changed":
        return this.state(item) === RELABELED;
      case "unseen":
        return !this.isSeen(item);
    }
  }

  /** Which items of an order are shown, and under which headers. */
  arrange(order: ArrayLike<number>, filter: Filter, grouping: Grouping | null): Arranged {
    const found = new Uint32Array(order.length);
    let number = 0;
    for (let i = 0; i < order.length; i++) {
      const item = order[i] as number;
      if (this.admits(filter, item)) found[number++] = item;
    }
    const chosen = found.slice(0, number);
    return grouping ? grouped(chosen, grouping.groups, grouping.name) : { order: chosen, sections: [] };
  }

  protected apply(saying: Saying, { seen, states, labels, given }: Columns<typeof SCHEMA>): void {
    for (const item of saying.items) {
      seen[item] = 1;
      if (saying.says === undefined) continue;
      const before = given[item] as number;
      const label = saying.says === "label" ? this.classes.indexOf(saying.label) : before;
      if (label < 0) continue;
      labels[item] = label;
      if (saying.says === "label") states[item] = label === before ? CONFIRMED : RELABELED;
      else states[item] = saying.says === "wrong" && before !== NO_CLASS ? MARKED : UNSAID;
    }
  }

  protected recount(): void {
    this.labelCount = tallied(this.shown.labels, this.classes.length);
    this.seenCount = this.errorCount = 0;
    for (let item = 0; item < this.count; item++) {
      if (!this.isSeen(item)) continue;
      this.seenCount++;
      if (this.given[item] !== NO_CLASS && this.isWrong(item)) this.errorCount++;
    }
  }
}
