// The boxes and verdicts of one image, changed at once in the browser. Every change gives the statements that tell the kernel.
import type { Box } from "../shared/box";
import { newKey } from "../shared/identity";
import { snapped } from "../shared/stage/geometry";
import type { Drawn, Page, Statement, Verdict } from "./protocol";

export class PageBoxes {
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
