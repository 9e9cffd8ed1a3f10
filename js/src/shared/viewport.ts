// Where the image lies on the stage: stage = scale * image + offset. Lengths in CSS pixels and image pixels.
import type { Box, Point } from "./box";

export class Viewport {
  scale = 1;
  x = 0;
  y = 0;
  // What a change of the stage's size does: choose again, show all of the image or its short side, or leave it.
  private mode: "open" | "fit" | "fill" | "chosen" = "open";

  constructor(
    public stageWidth: number,
    public stageHeight: number,
    public imageWidth: number,
    public imageHeight: number,
  ) {
    this.open();
  }

  /** The scale at which the whole image is just visible. */
  get fitScale(): number {
    return Math.min(this.stageWidth / this.imageWidth, this.stageHeight / this.imageHeight) * 0.98;
  }

  /** The first view of an image: all of it, or for a long strip its beginning. */
  open(): void {
    const shortSide = Math.min(this.imageWidth / this.stageWidth, this.imageHeight / this.stageHeight) * this.fitScale;
    if (shortSide < 1 / 4) this.fill();
    else this.fit();
    this.mode = "open";
  }

  fit(): void {
    this.mode = "fit";
    this.scale = Math.min(this.fitScale, 8);
    this.center();
  }

  /** Let the short side of the image fill the stage, but do not enlarge pixels for it; show the beginning. */
  fill(): void {
    this.mode = "fill";
    const whole = Math.max(this.stageWidth / this.imageWidth, this.stageHeight / this.imageHeight) * 0.98;
    this.scale = Math.max(Math.min(whole, 1), this.fitScale);
    this.center();
    // centered where it fits, else from its beginning
    this.x = Math.max(this.x, this.stageWidth * 0.01);
    this.y = Math.max(this.y, this.stageHeight * 0.01);
  }

  /** All of the image, or when that is shown already, its short side. */
  toggleFit(): void {
    if (this.partial) this.fit();
    else this.fill();
  }

  /** True while a part of the image is out of sight. */
  get partial(): boolean {
    const seen = this.visible();
    return seen.width < this.imageWidth || seen.height < this.imageHeight;
  }

  /** Bring an image point into the middle of the stage. */
  centerOn(point: Point): void {
    this.pan(this.stageWidth / 2 - (point.x * this.scale + this.x), this.stageHeight / 2 - (point.y * this.scale + this.y));
  }

  /** Zoom by a factor while the image point below `at` (stage coordinates) stays where it is. */
  zoom(factor: number, at: Point = { x: this.stageWidth / 2, y: this.stageHeight / 2 }): void {
    const scale = Math.min(Math.max(this.scale * factor, Math.min(this.fitScale, 1) / 2), 32);
    this.x = at.x - ((at.x - this.x) * scale) / this.scale;
    this.y = at.y - ((at.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.mode = "chosen";
    this.keepInSight();
  }

  pan(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
    this.mode = "chosen";
    this.keepInSight();
  }

  resize(stageWidth: number, stageHeight: number): void {
    this.x += (stageWidth - this.stageWidth) / 2;
    this.y += (stageHeight - this.stageHeight) / 2;
    this.stageWidth = stageWidth;
    this.stageHeight = stageHeight;
    if (this.mode === "chosen") this.keepInSight();
    else this[this.mode]();
  }

  toImage(point: Point): Point {
    return { x: (point.x - this.x) / this.scale, y: (point.y - this.y) / this.scale };
  }

  toStage(point: Point): Point {
    return { x: point.x * this.scale + this.x, y: point.y * this.scale + this.y };
  }

  /** The part of the image that the stage shows, in image pixels, with a margin so that a small pan stays sharp. */
  visible(margin = 0): Box {
    const wider = (margin * this.stageWidth) / this.scale;
    const higher = (margin * this.stageHeight) / this.scale;
    const from = this.toImage({ x: 0, y: 0 });
    const to = this.toImage({ x: this.stageWidth, y: this.stageHeight });
    const x = Math.max(0, Math.floor(from.x - wider));
    const y = Math.max(0, Math.floor(from.y - higher));
    return {
      x,
      y,
      width: Math.max(0, Math.min(this.imageWidth, Math.ceil(to.x + wider)) - x),
      height: Math.max(0, Math.min(this.imageHeight, Math.ceil(to.y + higher)) - y),
    };
  }

  private center(): void {
    this.x = (this.stageWidth - this.imageWidth * this.scale) / 2;
    this.y = (this.stageHeight - this.imageHeight * this.scale) / 2;
  }

  // At least a fifth of the stage always shows image: nobody gets lost in the empty space beside it.
  private keepInSight(): void {
    const w = this.imageWidth * this.scale;
    const h = this.imageHeight * this.scale;
    const mx = Math.min(this.stageWidth / 5, w);
    const my = Math.min(this.stageHeight / 5, h);
    this.x = Math.min(Math.max(this.x, mx - w), this.stageWidth - mx);
    this.y = Math.min(Math.max(this.y, my - h), this.stageHeight - my);
  }
}
