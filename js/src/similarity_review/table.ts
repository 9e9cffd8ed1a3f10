// What is known about each image, in columns: the browser filters and groups them without asking the kernel.
import { column, joined } from "../shared/columns";
import { type Arranged, grouped } from "../shared/wall/grouping";
import type { Says } from "./protocol";

export const [UNSAID, MARKED, RELABELED, CONFIRMED] = [0, 1, 2, 3];
export const NO_CLASS = 2 ** 16 - 1;

/** Something about some images; without `says`, that they were looked at. */
export type Saying = { items: readonly number[] } & (Says | { says?: never });

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

interface Said {
  seen: Uint8Array;
  states: Uint8Array;
  labels: Uint16Array;
}

export class Table {
  /** The labels that images were given. */
  given = new Uint16Array(0);
  /** What was said, as the kernel says. */
  private told: Said = { seen: new Uint8Array(0), states: new Uint8Array(0), labels: new Uint16Array(0) };
  /** The same as it is shown: what waits for the kernel is in it. */
  private shown = this.told;
  private waiting: readonly Saying[] = [];
  private seenCount = 0;
  private errorCount = 0;

  constructor(readonly classes: readonly string[]) {}

  get count(): number {
    return this.given.length;
  }

  /** How many images were looked at. */
  get seen(): number {
    return this.seenCount;
  }

  /** How many of them have a given label that was said to be wrong. */
  get errors(): number {
    return this.errorCount;
  }

  /** Take over columns that begin with row `start`. */
  load(start: number, buffers: readonly DataView[]): void {
    const [seen, states, labels, given] = buffers as [DataView, DataView, DataView, DataView];
    this.told = {
      seen: joined(this.told.seen, start, column(Uint8Array, seen)),
      states: joined(this.told.states, start, column(Uint8Array, states)),
      labels: joined(this.told.labels, start, column(Uint16Array, labels)),
    };
    this.given = joined(this.given, start, column(Uint16Array, given));
    this.apply();
  }

  /** Take over what was said about some rows. */
  change([items, seen, states, labels]: readonly DataView[]): void {
    const [newSeen, newStates] = [column(Uint8Array, seen as DataView), column(Uint8Array, states as DataView)];
    const newLabels = column(Uint16Array, labels as DataView);
    column(Int32Array, items as DataView).forEach((row, i) => {
      this.told.seen[row] = newSeen[i] as number;
      this.told.states[row] = newStates[i] as number;
      this.told.labels[row] = newLabels[i] as number;
    });
    this.apply();
  }

  /** The kernel has taken over what was said. */
  accept(saying: Saying): void {
    this.say(saying, this.told);
  }

  /** Show what waits for the kernel as if it were saved, and nothing else of the kind. */
  foretell(waiting: readonly Saying[]): void {
    this.waiting = waiting;
    this.apply();
  }

  state(item: number): number {
    return this.shown.states[item] as number;
  }

  isSeen(item: number): boolean {
    return this.shown.seen[item] === 1;
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

  private apply(): void {
    const { seen, states, labels } = this.told;
    this.shown = { seen: seen.slice(), states: states.slice(), labels: labels.slice() };
    for (const saying of this.waiting) this.say(saying, this.shown);
    this.seenCount = this.errorCount = 0;
    for (let item = 0; item < this.count; item++) {
      if (!this.isSeen(item)) continue;
      this.seenCount++;
      if (this.given[item] !== NO_CLASS && this.isWrong(item)) this.errorCount++;
    }
  }

  private say(saying: Saying, { seen, states, labels }: Said): void {
    for (const item of saying.items) {
      seen[item] = 1;
      if (saying.says === undefined) continue;
      const given = this.given[item] as number;
      const label = saying.says === "label" ? this.classes.indexOf(saying.label) : given;
      if (label < 0) continue;
      labels[item] = label;
      if (saying.says === "label") states[item] = label === given ? CONFIRMED : RELABELED;
      else states[item] = saying.says === "wrong" && given !== NO_CLASS ? MARKED : UNSAID;
    }
  }
}
