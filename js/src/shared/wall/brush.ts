// Painting over a wall: a click does something to an item, and a drag does the same to all that it comes over.
import type { Point } from "../box";

export interface Brush {
  /** A click or a tap on an item. */
  dab(item: number): void;
  /** A click with Shift: these items, from the last that was clicked to this one. */
  sweep(items: readonly number[]): void;
  /** A drag has come over these items; each is told once, however often the drag comes over it. */
  stroke(items: readonly number[]): void;
  /** The drag has ended; `kept` is false where it was given up. */
  lift(kept: boolean): void;
}

const STEP_PIXELS = 8; // less than the smallest tile: a fast pointer skips none

/** One drag. */
export class Stroke {
  private readonly passed = new Set<number>();
  private last: Point | null = null;

  /** @param itemAt the item at a point of the wall, or null between tiles */
  constructor(
    private readonly brush: Brush,
    private readonly itemAt: (point: Point) => number | null,
  ) {}

  /** The pointer has moved there, in a straight line; in the wall's own coordinates. */
  to(point: Point): void {
    const from = this.last ?? point;
    this.last = point;
    const steps = Math.max(1, Math.ceil(Math.hypot(point.x - from.x, point.y - from.y) / STEP_PIXELS));
    const fresh: number[] = [];
    for (let i = 1; i <= steps; i++) {
      const share = i / steps;
      const item = this.itemAt({ x: from.x + (point.x - from.x) * share, y: from.y + (point.y - from.y) * share });
      if (item === null || this.passed.has(item)) continue;
      this.passed.add(item);
      fresh.push(item);
    }
    if (fresh.length > 0) this.brush.stroke(fresh);
  }

  lift(kept: boolean): void {
    this.brush.lift(kept);
  }
}
