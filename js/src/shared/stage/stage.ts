// The stage: the picture (drawn by the kernel on an ipycanvas below us), sharper detail where one zooms in, and the boxes.
import { type Box, contains } from "../box";
import { element, svg } from "../element";
import { cut } from "../names";
import { colorOfClass } from "../palette";
import { Viewport } from "../viewport";
import { Minimap } from "./minimap";
import type { Page, Shape } from "./protocol";

export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"] as const;
export type Handle = (typeof HANDLES)[number];

/** Where a handle of a box lies, as a fraction of its width and height. */
export function handleAt(handle: Handle): [number, number] {
  const across = handle.includes("w") ? 0 : handle.includes("e") ? 1 : 0.5;
  const down = handle.startsWith("n") ? 0 : handle.startsWith("s") ? 1 : 0.5;
  return [across, down];
}

export interface DetailRequest extends Box {
  /** Pixels wanted per pixel of the image, at most 1. */
  reduction: number;
}

export interface Scene {
  boxes: readonly Shape[];
  classes: readonly string[];
  selected: string | null;
  /** A box being drawn or changed: shown in place of the selected one when `replaces` is its key. */
  draft: (Box & { label: string; replaces: string | null }) | null;
  /** Boxes can be looked at only: the selected one has no handles. */
  fixed?: boolean;
}

const LARGEST_DETAIL_PIXELS = 4e6;
const DETAIL_AFTER_MS = 120;
const HIDDEN_MS = 200;
const PICTURE_COMES_MS = [100, 400, 1500];

export class Stage {
  readonly root = element("div", { class: "ig-stage" });
  readonly view = new Viewport(1, 1, 1, 1);
  private readonly detail = element("canvas", { class: "ig-detail", width: 0, height: 0, "aria-hidden": "true" });
  private readonly shapes = svg("svg", { class: "ig-shapes", "aria-hidden": "true" });
  private readonly notice = element("div", { class: "ig-notice", role: "status", hidden: true });
  private readonly map = new Minimap((point) => {
    this.view.centerOn(point);
    this.redraw();
  });
  private readonly observer = new ResizeObserver(() => this.measure());
  private page: Page | null = null;
  private hidesDetail = false;
  private detailBox: Box | null = null;
  private detailTimer = 0;
  private hiddenTimer = 0;
  private readonly timers: number[] = [];
  private gone = false;
  private frame = 0;

  constructor(
    private readonly scene: () => Scene,
    private readonly wantDetail: (request: DetailRequest) => Promise<ImageBitmap | null>,
    private readonly zoomed: (scale: number) => void,
  ) {
    this.root.append(this.detail, this.shapes, this.map.root, this.notice);
    this.observer.observe(this.root);
  }

  /** Show another image. The view is fitted unless the size is the same (then zoom and place stay). */
  show(page: Page): void {
    const same = this.page?.image === page.image;
    this.page = page;
    this.notice.textContent = page.problem;
    this.notice.hidden = page.problem === null;
    if (same) return this.redraw();
    this.view.imageWidth = Math.max(page.width, 1);
    this.view.imageHeight = Math.max(page.height, 1);
    this.dropDetail();
    this.view.open();
    this.redraw();
    // The kernel's picture comes a moment after the page, and nothing tells when: the map copies it again.
    this.timers.splice(0).forEach(clearTimeout);
    this.timers.push(...PICTURE_COMES_MS.map((ms) => window.setTimeout(() => this.redraw(), ms)));
  }

  /** Follow the layout of an element around the stage: the picture below must move when the stage does. */
  follow(outer: Element): void {
    this.observer.observe(outer);
  }

  /** Something lies over the picture that sharper detail would hide: there is none then. */
  set covered(on: boolean) {
    this.hidesDetail = on;
    if (on) this.dropDetail();
    this.redraw();
  }

  /** Draw at the next frame. */
  redraw(): void {
    if (this.frame === 0 && !this.gone) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  dispose(): void {
    this.gone = true;
    this.observer.disconnect();
    this.timers.forEach(clearTimeout);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.detailTimer);
    clearTimeout(this.hiddenTimer);
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.root;
    if (clientWidth === 0 || clientHeight === 0) return; // an output that JupyterLab has taken off the screen
    this.view.resize(clientWidth, clientHeight);
    this.redraw();
  }

  private draw(): void {
    clearTimeout(this.hiddenTimer);
    if (this.root.clientWidth === 0) {
      // JupyterLab hides outputs for a moment, sometimes within one frame: nothing has a place then.
      this.hiddenTimer = window.setTimeout(() => this.redraw(), HIDDEN_MS);
      return;
    }
    const picture = this.placePicture();
    this.placeDetail();
    const scene = this.scene();
    this.drawShapes(scene);
    this.map.draw(this.view, picture, scene.boxes);
    this.zoomed(this.view.scale);
    this.scheduleDetail();
  }

  // The kernel's canvas is our sibling inside the box that stacks both.
  private placePicture(): HTMLCanvasElement | null {
    const stack = this.root.closest<HTMLElement>(".ig-stack");
    const picture = stack?.querySelector<HTMLCanvasElement>(":scope > canvas");
    if (!stack || !picture || !this.page) return null;
    const outer = stack.getBoundingClientRect();
    const inner = this.root.getBoundingClientRect();
    // a very narrow image has no whole number of reduced pixels: each axis has a scale of its own
    const across = (this.page.width * this.view.scale) / picture.width;
    const down = (this.page.height * this.view.scale) / picture.height;
    const x = inner.left - outer.left - stack.clientLeft + this.view.x;
    const y = inner.top - outer.top - stack.clientTop + this.view.y;
    picture.tabIndex = -1;
    picture.setAttribute("aria-hidden", "true");
    picture.style.visibility = this.page.problem === null ? "visible" : "hidden";
    picture.style.transform = `translate(${x}px, ${y}px) scale(${across}, ${down})`;
    picture.style.imageRendering = across >= 3 ? "pixelated" : "auto";
    return this.page.problem === null ? picture : null;
  }

  private placeDetail(): void {
    const box = this.detailBox;
    this.detail.style.display = box ? "block" : "none";
    if (!box) return;
    const at = this.view.toStage(box);
    const across = (box.width * this.view.scale) / this.detail.width;
    const down = (box.height * this.view.scale) / this.detail.height;
    this.detail.style.transform = `translate(${at.x}px, ${at.y}px) scale(${across}, ${down})`;
    this.detail.style.imageRendering = across >= 3 ? "pixelated" : "auto";
  }

  private drawShapes({ boxes, classes, selected, draft, fixed = false }: Scene): void {
    const shapes: SVGElement[] = [];
    for (const box of boxes) {
      const shown = draft !== null && draft.replaces === box.key ? { ...box, ...draft } : box;
      shapes.push(this.shape(shown, classes, box.key === selected, fixed));
    }
    if (draft && draft.replaces === null) shapes.push(this.shape(draft, classes, true, fixed));
    this.shapes.replaceChildren(...shapes);
  }

  private shape(
    box: Box & Pick<Shape, "label" | "caption" | "kind">,
    classes: readonly string[],
    selected: boolean,
    fixed: boolean,
  ): SVGElement {
    const { x, y } = this.view.toStage(box);
    const width = box.width * this.view.scale;
    const height = box.height * this.view.scale;
    const color = colorOfClass(classes, box.label);
    const kinds = ["ig-box", box.kind && `ig-${box.kind}`, selected && "ig-selected"].filter(Boolean).join(" ");
    const group = svg("g", { class: kinds, style: `--ig-color: ${color}` });
    group.append(
      svg("rect", { class: "ig-halo", x, y, width, height }),
      svg("rect", { class: "ig-edge", x, y, width, height }),
      svg("text", { x: x + 2, y: y > 18 ? y - 5 : y + height + 14 }, cut(box.caption ?? box.label)),
    );
    if (selected && !fixed) {
      for (const handle of HANDLES) {
        const [across, down] = handleAt(handle);
        const size = 8;
        group.append(
          svg("rect", {
            class: "ig-handle",
            x: x + across * width - size / 2,
            y: y + down * height - size / 2,
            width: size,
            height: size,
          }),
        );
      }
    }
    return group;
  }

  private scheduleDetail(): void {
    clearTimeout(this.detailTimer);
    const page = this.page;
    const wanted = Math.min(1, this.view.scale * devicePixelRatio);
    if (!page || page.problem !== null || this.hidesDetail || wanted <= page.reduction * 1.05) return this.dropDetail();
    this.detailTimer = window.setTimeout(() => void this.loadDetail(page), DETAIL_AFTER_MS);
  }

  private async loadDetail(page: Page): Promise<void> {
    const seen = this.view.visible();
    const has = this.detailBox;
    const box = this.view.visible(0.25);
    const most = Math.sqrt(LARGEST_DETAIL_PIXELS / (box.width * box.height));
    const reduction = Math.min(1, this.view.scale * devicePixelRatio, most);
    const sharp = has !== null && this.detail.width / has.width >= reduction * 0.95;
    const end = { x: seen.x + seen.width, y: seen.y + seen.height };
    const covered = has !== null && contains(has, seen) && contains(has, end);
    if ((sharp && covered) || seen.width === 0 || seen.height === 0) return;
    const bitmap = await this.wantDetail({ ...box, reduction });
    if (!bitmap) return;
    if (this.page?.image !== page.image || this.hidesDetail) return bitmap.close();
    this.detail.width = bitmap.width;
    this.detail.height = bitmap.height;
    this.detail.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.detailBox = box;
    this.placeDetail();
  }

  private dropDetail(): void {
    this.detailBox = null;
    this.detail.width = 0; // gives its memory back
    this.detail.style.display = "none";
  }
}
