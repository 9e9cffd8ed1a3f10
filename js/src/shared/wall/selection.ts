// Which items of a wall are selected. Items keep their number in every order; positions are places in the order shown.

export interface Snapshot {
  chosen: Uint8Array;
  number: number;
}

export class Selection {
  private chosen = new Uint8Array(0);
  private number = 0;
  /** The item where a range begins, or null. */
  anchor: number | null = null;

  /** There are so many items now; those that were selected still are. */
  grow(total: number): void {
    const longer = new Uint8Array(total);
    longer.set(this.chosen.subarray(0, total));
    this.chosen = longer;
  }

  get count(): number {
    return this.number;
  }

  has(item: number): boolean {
    return this.chosen[item] === 1;
  }

  set(item: number, on: boolean): void {
    if (this.has(item) === on) return;
    this.chosen[item] = on ? 1 : 0;
    this.number += on ? 1 : -1;
  }

  toggle(item: number): void {
    this.set(item, !this.has(item));
  }

  clear(): void {
    this.chosen.fill(0);
    this.number = 0;
  }

  /** Select nothing but the items at positions `from` to `to` of an order, whichever is the higher one. */
  range(order: Uint32Array, from: number, to: number): void {
    this.clear();
    for (let i = Math.min(from, to); i <= Math.max(from, to); i++) this.set(order[i] as number, true);
  }

  only(items: Iterable<number>): void {
    this.clear();
    for (const item of items) this.set(item, true);
  }

  /** The items, lowest number first. */
  items(): number[] {
    const found = [];
    for (let item = 0; item < this.chosen.length; item++) if (this.chosen[item]) found.push(item);
    return found;
  }

  snapshot(): Snapshot {
    return { chosen: this.chosen.slice(), number: this.number };
  }

  restore({ chosen, number }: Snapshot): void {
    this.clear();
    this.chosen.set(chosen);
    this.number = number;
  }
}
