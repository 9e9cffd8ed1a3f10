// What is known about each pattern, in columns: the browser filters and sorts them without asking the kernel.
import { column, joined, tallied } from "../shared/columns";
import { type Arranged, grouped } from "../shared/wall/grouping";

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
  items: readonly number[];
  present?: boolean | undefined;
  label?: string | undefined;
}

export type Sorting = "given" | "importance" | "class" | "origin";

export class Table {
  classes: string[] = [];
  origins = new Uint8Array(0);
  /** Decisions and classes as they are shown: what waits for the kernel is in them. */
  states = new Uint8Array(0);
  labels = new Uint16Array(0);
  parents = new Int32Array(0);
  importance = new Float32Array(0);
  /** The same as the kernel says. */
  private toldStates = new Uint8Array(0);
  private toldLabels = new Uint16Array(0);
  private waiting: readonly Judgment[] = [];
  private roots: Int32Array | null = null;
  private origin = ORIGINS.map(() => 0);
  private state = STATES.map(() => 0);

  get count(): number {
    return this.origins.length;
  }

  /** Take over columns that begin with row `start`. */
  load(start: number, buffers: readonly DataView[]): void {
    const [origins, states, labels, parents, importance] = buffers as [DataView, DataView, DataView, DataView, DataView];
    this.origins = joined(this.origins, start, column(Uint8Array, origins));
    this.toldStates = joined(this.toldStates, start, column(Uint8Array, states));
    this.toldLabels = joined(this.toldLabels, start, column(Uint16Array, labels));
    this.parents = joined(this.parents, start, column(Int32Array, parents));
    this.importance = joined(this.importance, start, column(Float32Array, importance));
    this.roots = null;
    this.origin = tallied(this.origins, ORIGINS.length);
    this.apply();
  }

  /** Take over what was decided about some rows. */
  change([items, states, labels]: readonly DataView[]): void {
    const newStates = column(Uint8Array, states as DataView);
    const newLabels = column(Uint16Array, labels as DataView);
    column(Int32Array, items as DataView).forEach((row, i) => {
      this.toldStates[row] = newStates[i] as number;
      this.toldLabels[row] = newLabels[i] as number;
    });
    this.apply();
  }

  /** The kernel has taken over what was said. */
  accept(judgment: Judgment): void {
    this.judge(judgment, this.toldStates, this.toldLabels);
  }

  /** Show what waits for the kernel as if it were decided, and nothing else of the kind. */
  foretell(waiting: readonly Judgment[]): void {
    this.waiting = waiting;
    this.apply();
  }

  label(item: number): string | null {
    return this.classes[this.labels[item] as number] ?? null;
  }

  /** How many patterns have each origin. */
  get originCounts(): readonly number[] {
    return this.origin;
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
      if (!filter.origins.has(this.origins[item] as number)) continue;
      if (!filter.states.has(this.states[item] as number)) continue;
      if (filter.label !== null && this.labels[item] !== filter.label) continue;
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
        return grouped(order, this.labels, (label) => this.classes[label] ?? "no class");
      case "origin":
        return grouped(order, this.origins, (origin) => ORIGINS[origin] ?? "");
    }
  }

  /** The pattern that a pattern is made of in the end; itself, if it was cut out. */
  private root(item: number): number {
    this.roots ??= this.rootsOf();
    return this.roots[item] as number;
  }

  private apply(): void {
    this.states = this.toldStates.slice();
    this.labels = this.toldLabels.slice();
    for (const judgment of this.waiting) this.judge(judgment, this.states, this.labels);
    this.state = tallied(this.states, STATES.length);
  }

  private judge({ items, present, label }: Judgment, states: Uint8Array, labels: Uint16Array): void {
    for (const item of items) {
      if (present !== undefined) states[item] = present ? KEPT : DROPPED;
      else if (states[item] !== DROPPED) states[item] = KEPT;
      if (label !== undefined) labels[item] = this.classes.indexOf(label);
    }
  }

  private weight(item: number): number {
    const value = this.importance[item] as number;
    return Number.isNaN(value) ? -Infinity : value;
  }

  private rootsOf(): Int32Array {
    const roots = new Int32Array(this.count).fill(-1);
    for (let item = 0; item < this.count; item++) {
      const path: number[] = [];
      let at = item;
      // a parent comes before what is made of it; whoever says otherwise is stopped at himself
      while (roots[at] === -1 && (this.parents[at] as number) >= 0 && !path.includes(at)) {
        path.push(at);
        at = this.parents[at] as number;
      }
      const root = roots[at] === -1 ? at : (roots[at] as number);
      roots[at] = root;
      for (const one of path) roots[one] = root;
    }
    return roots;
  }
}

export function isClass(label: number): boolean {
  return label !== NO_CLASS;
}
