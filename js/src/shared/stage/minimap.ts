// A small picture of the whole image while only a part of it is in view: where one is, and where boxes are.
import { element } from "../element";
import type { Box, Point } from "../box";
import type { Viewport } from "../viewport";

const LARGEST_SHARE = 0.3; // of the stage's width and height, except that a strip may take all of the width

export class Minimap {
  readonly root = element("canvas", { class: "ig-map", "aria-hidden": "true", hidden: true });
  private scale = 1;

  constructor(private readonly go: (point: Point) => void) {
    this.root.addEventListener("pointerdown", (event) => {
      this.root.setPointerCapture(event.pointerId);
      this.follow(event);
    });
    this.root.addEventListener("pointermove", (event) => event.buttons !== 0 && this.follow(event));
    // The stage below would draw a box.
    for (const name of ["pointerdown", "pointermove", "pointerup"]) {
      this.root.addEventListener(name, (event) => event.stopPropagation());
    }
  }

  draw(view: Viewport, picture: HTMLCanvasElement | null, boxes: readonly Box[]): void {
    this.root.hidden = picture === null || !view.partial;
    if (picture === null || this.root.hidden) return;
    const strip = view.imageWidth / view.imageHeight > 4;
    this.scale = Math.min(
      (view.stageWidth * (strip ? 0.96 : LARGEST_SHARE)) / view.imageWidth,
      (view.stageHeight * (view.imageHeight / view.imageWidth > 4 ? 0.96 : LARGEST_SHARE)) / view.imageHeight,
    );
    this.root.width = Math.max(1, Math.round(view.imageWidth * this.scale));
    this.root.height = Math.max(1, Math.round(view.imageHeight * this.scale));
    const context = this.root.getContext("2d");
    if (!context) return;
    context.drawImage(picture, 0, 0, this.root.width, this.root.height);
    this.outline(context, view.visible(), "#fff");
    for (const box of boxes) this.outline(context, box, "#e69f00");
  }

  private outline(context: CanvasRenderingContext2D, box: Box, color: string): void {
    const [x, y] = [box.x * this.scale, box.y * this.scale];
    const [width, height] = [Math.max(box.width * this.scale, 2), Math.max(box.height * this.scale, 2)];
    context.lineWidth = 3;
    context.strokeStyle = "rgb(0 0 0 / 60%)";
    context.strokeRect(x, y, width, height);
    context.lineWidth = 1;
    context.strokeStyle = color;
    context.strokeRect(x, y, width, height);
  }

  private follow(event: PointerEvent): void {
    this.go({ x: event.offsetX / this.scale, y: event.offsetY / this.scale });
  }
}
