// Thumbnails of items: asked for where people look, newest place first, and kept as long as there is room.
import { newKey } from "../identity";
import { jpeg } from "../jpeg";
import type { Requests } from "../requests";
import { Superseded } from "../requests";

/** Longest sides in which the kernel makes thumbnails, in pixels of the screen. The kernel's half is thumbnails.py. */
export const LEVELS = [64, 128, 256, 512] as const;

/** One picture with the thumbnails of some items, which comes with a buffer. */
export interface PlainSheet {
  level: number;
  items: number[];
  /** x, y, width and height of each item's thumbnail in the picture, one after the other. */
  places: number[];
  /** Items that cannot be shown, and why. */
  problems: [number, string][];
}

/** A sheet that was wished for. */
export interface Sheet extends PlainSheet {
  /** Of which of the widget's views: others did not ask. */
  view: string;
  serial: number;
}

interface Kept {
  bitmap: ImageBitmap;
  bytes: number;
  used: number;
  items: number[];
}

export interface Thumbnail {
  picture: ImageBitmap;
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Placed extends Thumbnail {
  kept: Kept;
  level: number;
}

const MOST_BYTES = 128e6;
const ASK_EVERY_MS = 60;
const ASK_AGAIN_MS = 3000;

/** How many thumbnails may be wished for at once: when all have come, none of them need go. */
function roomFor(level: number): number {
  return Math.floor((0.6 * MOST_BYTES) / (4 * level ** 2));
}

/** The smallest level that is sharp enough, or the largest in which so many thumbnails have room. */
export function levelFor(side: number, pixelRatio: number, seen: number): number {
  const levels = LEVELS.filter((level) => roomFor(level) >= seen);
  return levels.find((level) => level >= side * pixelRatio) ?? levels.at(-1) ?? LEVELS[0];
}

export class Thumbnails {
  private readonly view = newKey();
  private readonly placed = new Map<number, Placed>();
  private readonly problems = new Map<number, string>();
  private sheets: Kept[] = [];
  private bytes = 0;
  private first = 0;
  private clock = 0;
  private received = 0;
  private asked = new Set<number>();
  private askedAt = -Infinity;
  private askedLevel = 0;
  private againAfter = ASK_AGAIN_MS;
  private timer = 0;
  private gone = false;

  /** @param arrived is called when there is more to draw */
  constructor(
    private readonly requests: Requests,
    private readonly arrived: () => void,
    private readonly failed: (error: Error) => void,
  ) {}

  /** The thumbnail to draw now, possibly smaller than wished; undefined where there is none yet. */
  get(item: number): Thumbnail | undefined {
    const found = this.placed.get(item);
    if (found) found.kept.used = this.clock;
    return found;
  }

  /** Why an item cannot be shown, or undefined. */
  problem(item: number): string | undefined {
    return this.problems.get(item);
  }

  /** Say what is looked at, most wanted first. What was wished before and is not in sight any more is dropped. */
  wish(level: number, items: readonly number[]): void {
    this.clock++;
    clearTimeout(this.timer);
    if (this.gone) return;
    const wanted = items.slice(0, roomFor(level));
    const lacking = wanted.filter((item) => !((this.placed.get(item)?.level ?? 0) >= level || this.problems.has(item)));
    if (lacking.length === 0) return;
    // what is on its way need not be asked for; unless it never comes
    const known = level === this.askedLevel && lacking.every((item) => this.asked.has(item));
    const due = this.askedAt + (known ? this.againAfter : ASK_EVERY_MS) - performance.now();
    if (due <= 0) this.ask(level, lacking, known ? 2 * this.againAfter : ASK_AGAIN_MS);
    else this.timer = window.setTimeout(() => this.wish(level, lacking), due);
  }

  /** Other items are shown from now on: number 0 is what the kernel calls `first`. */
  restart(first: number): void {
    clearTimeout(this.timer);
    this.forget();
    this.first = first;
  }

  private forget(): void {
    for (const kept of this.sheets) kept.bitmap.close();
    this.sheets = [];
    this.bytes = 0;
    this.placed.clear();
    this.problems.clear();
    this.asked.clear();
  }

  async receive(sheet: Sheet, buffer: DataView | undefined): Promise<void> {
    if (sheet.view !== this.view) return;
    this.received = sheet.serial;
    await this.take(sheet, buffer);
  }

  /** Take over a sheet, wished for or not. */
  async take(sheet: PlainSheet, buffer: DataView | undefined): Promise<void> {
    for (const [item, why] of sheet.problems) this.problems.set(item - this.first, why);
    if (buffer && sheet.items.length > 0) {
      const bitmap = await createImageBitmap(jpeg(buffer));
      if (this.gone) return bitmap.close();
      this.keep({ ...sheet, items: sheet.items.map((item) => item - this.first) }, bitmap);
    }
    this.arrived();
  }

  dispose(): void {
    this.gone = true;
    clearTimeout(this.timer);
    this.forget();
    this.requests.ask("unwish", { view: this.view }).catch(() => undefined); // nobody waits for the answer
  }

  private ask(level: number, items: readonly number[], againAfter: number): void {
    this.asked = new Set(items);
    this.askedAt = performance.now();
    this.askedLevel = level;
    this.againAfter = againAfter; // a kernel that is only busy gets all of them in the end
    this.requests
      .latest<object>("wish", { view: this.view, level, items: items.map((item) => item + this.first), received: this.received })
      .catch((error: Error) => {
        if (!(error instanceof Superseded)) this.failed(error);
      });
    this.timer = window.setTimeout(() => this.wish(level, items), againAfter);
  }

  private keep({ items, places, level }: PlainSheet, bitmap: ImageBitmap): void {
    const kept: Kept = { bitmap, bytes: 4 * bitmap.width * bitmap.height, used: this.clock, items };
    this.sheets.push(kept);
    this.bytes += kept.bytes;
    items.forEach((item, i) => {
      const [x, y, width, height] = places.slice(4 * i, 4 * i + 4) as [number, number, number, number];
      this.placed.set(item, { kept, level, picture: bitmap, x, y, width, height });
    });
    if (this.bytes > MOST_BYTES) this.makeRoom();
  }

  private makeRoom(): void {
    this.sheets.sort((a, b) => b.used - a.used);
    while (this.bytes > 0.8 * MOST_BYTES && this.sheets.length > 1) {
      const dropped = this.sheets.pop() as Kept;
      this.bytes -= dropped.bytes;
      for (const item of dropped.items) if (this.placed.get(item)?.kept === dropped) this.placed.delete(item);
      dropped.bitmap.close();
    }
  }
}
