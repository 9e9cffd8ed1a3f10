// What is known about each pattern, in columns: the browser filters and sorts them without asking the kernel.
import { tallied } from "../shared/columns";
import { type Arranged, grouped } from "../shared/wall/grouping";
import { type Columns, type Edit, Rows, type Schema } from "../shared/wall/rows";

export const ORIGINS = ["cut out", "policy", "GAN"] as const;
export const STATES = ["undecided", "kept", "dropped"] as const;
export const [UNDECIDED, KEPT, DROPPED] = [0, 1, 2];
const NO_CLASS = 2 ** 16 - 1;

export interface Filter {
  /** Which origins are shown. */
  origins: ReadonlySet<number>;
  states: ReadonlySet<number>;
  /** A class, or null for all. */
  label: number | null;
  /** A pattern: only those of which it is made, and that are made of the same. Null: all. */
  family: number | null;
}

/** What is said about some patterns; what is not said stays. */
export interface Judgment {
  present?: boolean;
  label?: string;
}

const SCHEMA = [
  { name: "origins", type: Uint8Array },
  { name: "states", type: Uint8Array, editable: true },
  { name: "labels", type: Uint16Array, editable: true },
  { name: "parents", type: Int32Array },
  { name: "importance", type: Float32Array },
] as const satisfies Schema;

type Patterns = Columns<typeof SCHEMA>;

export type Sorting = "given" | "importance" | "class" | "origin";

export class Table extends Rows<typeof SCHEMA, Edit<Judgment>> {
  classes: readonly string[] = [];
  private roots: { of: Int32Array; all: Int32Array } | null = null;
  private origin = ORIGINS.map(() => 0);
  private state = STATES.map(() => 0);
  private class: readonly number[] = [];

  constructor() {
    super(SCHEMA);
  }

  originOf(item: number): number {
    return this.shown.origins[item] as number;
  }

  stateOf(item: number): number {
    return this.shown.states[item] as number;
  }

  /** The class of a pattern, as a position in the classes. */
  classOf(item: number): number {
    return this.shown.labels[item] as number;
  }

  /** The pattern that a pattern was made of, or -1. */
  parentOf(item: number): number {
    return this.shown.parents[item] ?? -1;
  }

  importanceOf(item: number): number {
    return this.shown.importance[item] as number;
  }

  label(item: number): string | null {
    return this.classes[this.classOf(item)] ?? null;
  }

  /** How many patterns have each origin. */
  get originCounts(): readonly number[] {
    return this.origin;
  }

  /** How many patterns have each class. */
  get classCounts(): readonly number[] {
    return this.class;
  }

  /** How many patterns are in each state. */
  get stateCounts(): readonly number[] {
    return this.state;
  }

  /** Which items are shown, in which order, and under which headers. */
  arrange(filter: Filter, sorting: Sorting): Arranged {
    const family = filter.family === null ? null : this.root(filter.family);
    const found = new Uint32Array(this.count);
    let number = 0;
    for (let item = 0; item < this.count; item++) {
      if (!filter.origins.has(this.originOf(item))) continue;
      if (!filter.states.has(this.stateOf(item))) continue;
      if (filter.label !== null && this.classOf(item) !== filter.label) continue;
      if (family !== null && this.root(item) !== family) continue;
      found[number++] = item;
    }
    const order = found.slice(0, number);
    switch (sorting) {
      case "given":
        return { order, sections: [] };
      case "importance":
        return { order: order.sort((a, b) => this.weight(b) - this.weight(a) || a - b), sections: [] };
      case "class":
        return grouped(order, this.shown.labels, (label) => this.classes[label] ?? "no class");
      case "origin":
        return grouped(order, this.shown.origins, (origin) => ORIGINS[origin] ?? "");
    }
  }

  protected apply({ items, present, label }: Edit<Judgment>, { states, labels }: Patterns): void {
    for (const item of items) {
      if (present !== undefined) states[item] = present ? KEPT : DROPPED;
      else if (states[item] !== DROPPED) states[item] = KEPT;
      if (label !== undefined) labels[item] = this.classes.indexOf(label);
    }
  }

  protected recount(): void {
    this.origin = tallied(this.shown.origins, ORIGINS.length);
    this.state = tallied(this.shown.states, STATES.length);
    this.class = tallied(this.shown.labels, this.classes.length);
  }

  /** The pattern that a pattern is made of in the end; itself, if it was cut out. */
  private root(item: number): number {
    const { parents } = this.shown;
    if (this.roots?.of !== parents) this.roots = { of: parents, all: rootsOf(parents) };
    return this.roots.all[item] as number;
  }

  private weight(item: number): number {
    const value = this.importanceOf(item);
    return Number.isNaN(value) ? -Infinity : value;
  }
}

function rootsOf(parents: Int32Array): Int32Array {
  const roots = new Int32Array(parents.length).fill(-1);
  for (let item = 0; item < parents.length; item++) {
    const path: number[] = [];
    let at = item;
    // a parent comes before what is made of it; whoever says otherwise is stopped at himself
    while (roots[at] === -1 && (parents[at] as number) >= 0 && !path.includes(at)) {
      path.push(at);
      at = parents[at] as number;
    }
    const root = roots[at] === -1 ? at : (roots[at] as number);
    roots[at] = root;
    for (const one of path) roots[one] = root;
  }
  return roots;
}

export function isClass(label: number): boolean {
  return label !== NO_CLASS;
}
