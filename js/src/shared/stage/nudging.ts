// Moving and resizing by keys: presses shortly after each other change a draft, and make one statement together.
import type { Box } from "../box";
import type { Drawn } from "./protocol";
import { moved, SMALLEST_BOX_PIXELS } from "./geometry";

const TOGETHER_MS = 500;

export class Nudging {
  private nudge: { key: string; box: Box; timer: number } | null = null;

  /**
   * @param draft shows a box that is being changed, or none any more
   * @param change says that a box was changed
   */
  constructor(
    private readonly draft: (box: Box | null, key: string | null) => void,
    private readonly change: (key: string, box: Box) => void,
  ) {}

  get active(): boolean {
    return this.nudge !== null;
  }

  by(how: "move" | "resize", box: Drawn, dx: number, dy: number, width: number, height: number): void {
    const from = this.nudge?.key === box.key ? this.nudge.box : box;
    const side = (length: number, most: number) => Math.max(Math.min(length, most), Math.min(SMALLEST_BOX_PIXELS, most));
    const to =
      how === "move"
        ? moved(from, dx, dy, width, height)
        : { ...from, width: side(from.width + dx, width - from.x), height: side(from.height + dy, height - from.y) };
    clearTimeout(this.nudge?.timer);
    this.nudge = { key: box.key, box: to, timer: window.setTimeout(() => this.commit(), TOGETHER_MS) };
    this.draft(to, box.key);
  }

  commit(): void {
    if (!this.nudge) return;
    const { key, box, timer } = this.nudge;
    clearTimeout(timer);
    this.nudge = null;
    this.draft(null, null);
    this.change(key, box);
  }
}
