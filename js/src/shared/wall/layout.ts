// Where the tiles of a wall lie: rows of squares below each other, in sections with a header each.
import type { Box } from "../box";

/** A stretch of the order that begins with a header; an empty title has none. */
export interface Section {
  title: string;
  count: number;
}

export const GAP = 4;
export const HEADER = 28;

export interface Tile extends Box {
  position: number;
}

export class Layout {
  readonly height: number;
  private readonly starts: number[] = []; // the first position of each row
  private readonly tops: number[] = [];
  private readonly headers: { title: string; top: number; bottom: number }[] = [];
  private readonly columns: number;
  private readonly side: number;

  /**
   * @param width of the wall in CSS pixels
   * @param side least side of a tile in CSS pixels: columns fill the width
   */
  constructor(
    readonly count: number,
    sections: readonly Section[],
    width: number,
    side: number,
  ) {
    this.columns = Math.max(1, Math.floor((width - GAP) / (side + GAP)));
    this.side = (width - GAP) / this.columns - GAP;
    let top = GAP;
    let position = 0;
    for (const section of sections.length > 0 ? sections : [{ title: "", count }]) {
      const header = top;
      if (section.title) top += HEADER;
      const end = position + section.count;
      for (; position < end; position += this.columns) {
        this.starts.push(position);
        this.tops.push(top);
        top += this.side + GAP;
      }
      position = end;
      if (section.title) this.headers.push({ title: section.title, top: header, bottom: top });
    }
    this.height = top;
  }

  /** Tiles that a stretch from `top` to `bottom` touches. */
  *within(top: number, bottom: number): Generator<Tile> {
    for (let row = this.rowAt(top); row < this.starts.length && (this.tops[row] as number) < bottom; row++) {
      yield* this.tilesOf(row);
    }
  }

  /** Headers that a stretch touches, where they are to be drawn: the first stays at its top as long as it can. */
  headersWithin(top: number, bottom: number): { title: string; y: number }[] {
    const shown = [];
    for (let i = firstAbove(this.headers.length, (k) => (this.headers[k] as { bottom: number }).bottom > top); ; i++) {
      const header = this.headers[i];
      if (!header || header.top >= bottom) return shown;
      shown.push({ title: header.title, y: Math.max(header.top, Math.min(top, header.bottom - HEADER)) });
    }
  }

  tile(position: number): Tile {
    const row = this.rowOf(position);
    for (const tile of this.tilesOf(row)) if (tile.position === position) return tile;
    throw new RangeError(`no tile ${position} of ${this.count}`);
  }

  /** The position below a point, or null between tiles. */
  at(x: number, y: number): number | null {
    const row = this.rowAt(y);
    if (row >= this.starts.length || (this.tops[row] as number) > y) return null;
    for (const tile of this.tilesOf(row)) if (x >= tile.x && x < tile.x + tile.width) return tile.position;
    return null;
  }

  /** Positions whose tiles a rectangle touches. */
  touching(box: Box): number[] {
    const found = [];
    for (const tile of this.within(box.y, box.y + box.height)) {
      if (tile.x < box.x + box.width && tile.x + tile.width > box.x) found.push(tile.position);
    }
    return found;
  }

  /** The position some rows below (above if negative), in the same column as nearly as there is one. */
  below(position: number, rows: number): number {
    const row = this.rowOf(position);
    const target = Math.min(Math.max(row + rows, 0), this.starts.length - 1);
    const from = this.tile(position);
    const middle = from.x + from.width / 2;
    let best = this.starts[target] as number;
    let distance = Infinity;
    for (const tile of this.tilesOf(target)) {
      const away = Math.abs(tile.x + tile.width / 2 - middle);
      if (away < distance) [best, distance] = [tile.position, away];
    }
    return best;
  }

  private *tilesOf(row: number): Generator<Tile> {
    const start = this.starts[row] as number;
    const [y, side] = [this.tops[row] as number, this.side];
    for (let position = start; position < this.endOf(row); position++) {
      yield { position, x: GAP + (position - start) * (side + GAP), y, width: side, height: side };
    }
  }

  /** Where a row ends: at the next one, which for the last row of a section begins the next section. */
  private endOf(row: number): number {
    return this.starts[row + 1] ?? this.count;
  }

  private rowAt(y: number): number {
    return firstAbove(this.starts.length, (row) => (this.tops[row] as number) + this.side > y);
  }

  private rowOf(position: number): number {
    return firstAbove(this.starts.length, (row) => (this.starts[row] as number) > position) - 1;
  }
}

/** The first index for which a condition holds that goes on holding; `count` if it never does. */
function firstAbove(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
