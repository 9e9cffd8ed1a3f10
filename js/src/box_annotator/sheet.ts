// The boxes and verdicts of one image, changed at once in the browser. Every change gives the statements that tell the kernel.
import { newKey } from "../shared/identity";
import type { Box } from "../shared/viewport";
import type { Drawn, Page, Statement, Verdict } from "./protocol";

export const SMALLEST_BOX_PIXELS = 2;

/** Whole pixels inside the image, drawn in whatever direction, at least two pixels wide and high. */
export function snapped(box: Box, imageWidth: number, imageHeight: number): Box {
  const within = (value: number, most: number) => Math.min(Math.max(Math.round(value), 0), most);
  const span = (a: number, b: number, most: number) => {
    const least = Math.min(SMALLEST_BOX_PIXELS, most);
    const from = Math.min(within(Math.min(a, b), most), most - least);
    const to = Math.max(within(Math.max(a, b), most), from + least);
    return [from, to - from] as const;
  };
  const [x, width] = span(box.x, box.x + box.width, imageWidth);
  const [y, height] = span(box.y, box.y + box.height, imageHeight);
  return { x, y, width, height };
}

/** Moved as a whole: the size stays, the image's border stops it. */
export function moved(box: Box, dx: number, dy: number, imageWidth: number, imageHeight: number): Box {
  return {
    x: Math.min(Math.max(Math.round(box.x + dx), 0), Math.max(imageWidth - box.width, 0)),
    y: Math.min(Math.max(Math.round(box.y + dy), 0), Math.max(imageHeight - box.height, 0)),
    width: box.width,
    height: box.height,
  };
}

/** True when no part of a box lies on the image: a drag beside it. */
export function beside(box: Box, imageWidth: number, imageHeight: number): boolean {
  const [left, right] = [Math.min(box.x, box.x + box.width), Math.max(box.x, box.x + box.width)];
  const [top, bottom] = [Math.min(box.y, box.y + box.height), Math.max(box.y, box.y + box.height)];
  return left >= imageWidth || top >= imageHeight || right <= 0 || bottom <= 0;
}

export class Sheet {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  boxes: Drawn[];
  verdicts: Verdict[];

  constructor(page: Page) {
    this.image = page.image;
    this.width = page.width;
    this.height = page.height;
    this.boxes = page.boxes.map((box) => ({ ...box }));
    this.verdicts = page.verdicts.map((verdict) => ({ ...verdict }));
  }

  get verdict(): "none" | "skipped" | null {
    if (this.verdicts.some((verdict) => verdict.present === false)) return "none";
    return this.verdicts.some((verdict) => verdict.present === null) ? "skipped" : null;
  }

  find(key: string | null): Drawn | undefined {
    return this.boxes.find((box) => box.key === key);
  }

  /** The smallest box around a point, so that a box inside another can be reached. */
  at(x: number, y: number, slack = 0): Drawn | undefined {
    return this.boxes
      .filter(
        (box) =>
          x >= box.x - slack && x <= box.x + box.width + slack && y >= box.y - slack && y <= box.y + box.height + slack,
      )
      .sort((a, b) => a.width * a.height - b.width * b.height)[0];
  }

  draw(box: Box, label: string): Statement[] {
    const drawn = { ...snapped(box, this.width, this.height), key: newKey(), label };
    this.boxes.push(drawn);
    return [...this.withdrawVerdicts(), this.say(drawn)];
  }

  change(key: string, change: Partial<Box> & { label?: string }): Statement[] {
    const before = this.find(key);
    if (!before) return [];
    const wanted = { ...before, ...change };
    const after: Drawn = { ...snapped(wanted, this.width, this.height), key: newKey(), label: wanted.label };
    const same = (["x", "y", "width", "height", "label"] as const).every((name) => before[name] === after[name]);
    if (same) return [];
    this.boxes[this.boxes.indexOf(before)] = after;
    return [{ ...this.say(after), replaces: key }];
  }

  remove(key: string): Statement[] {
    if (!this.find(key)) return [];
    this.boxes = this.boxes.filter((box) => box.key !== key);
    return [this.delete(key)];
  }

  /** "No defect here": one statement for each class, in place of everything said before. */
  sayNone(classes: readonly string[]): Statement[] {
    if (this.verdict === "none" && this.boxes.length === 0) return [];
    return this.judge(classes.map((label) => ({ key: newKey(), label, present: false })));
  }

  skip(): Statement[] {
    if (this.boxes.length > 0 || this.verdicts.length > 0) return [];
    return this.judge([{ key: newKey(), label: null, present: null }]);
  }

  /** Do again what statements say, e.g. those that the kernel has not acknowledged yet. */
  replay(statements: readonly Statement[]): void {
    for (const statement of statements) {
      const gone = statement.deletes ?? statement.replaces;
      const place = this.boxes.findIndex((box) => box.key === gone);
      this.boxes = this.boxes.filter((box) => box.key !== gone && box.key !== statement.key);
      this.verdicts = this.verdicts.filter((verdict) => verdict.key !== gone && verdict.key !== statement.key);
      if (statement.deletes !== undefined) continue;
      const { key, label = null, present = null, x, y, width, height } = statement;
      if (x === undefined || y === undefined || width === undefined || height === undefined) {
        this.verdicts.push({ key, label, present });
      } else {
        this.boxes.splice(place < 0 ? this.boxes.length : place, 0, { key, label: label ?? "", x, y, width, height });
      }
    }
  }

  private judge(verdicts: Verdict[]): Statement[] {
    const gone = [...this.boxes, ...this.verdicts].map(({ key }) => this.delete(key));
    this.boxes = [];
    this.verdicts = verdicts;
    return [...gone, ...verdicts.map((verdict) => ({ ...verdict, image: this.image }))];
  }

  private withdrawVerdicts(): Statement[] {
    // that a class is there somewhere is no contradiction to a box
    const gone = this.verdicts.filter((verdict) => verdict.present !== true);
    this.verdicts = this.verdicts.filter((verdict) => verdict.present === true);
    return gone.map((verdict) => this.delete(verdict.key));
  }

  private delete(key: string): Statement {
    return { key: newKey(), image: this.image, deletes: key };
  }

  private say({ key, label, x, y, width, height }: Drawn): Statement {
    return { key, image: this.image, label, present: true, x, y, width, height };
  }
}
