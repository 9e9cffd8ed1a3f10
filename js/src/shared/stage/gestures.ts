// Mouse, pen and fingers on the stage: draw, select, move, resize, zoom and pan.
import { type Box, contains, type Point } from "../box";
import { moved } from "./geometry";
import { HANDLES, type Handle, handleAt, type Stage } from "./stage";
import type { Drawn } from "./protocol";

export interface Hand {
  /** The selected box, which can be moved and resized. */
  selected(): Drawn | undefined;
  /** What a click at an image point selects. */
  pick(at: Point, slack: number): void;
  /** A box that is being drawn (key null) or changed, or nothing any more. */
  draft(box: Box | null, key: string | null): void;
  draw(box: Box): void;
  change(key: string, box: Box): void;
  /** Whether something may be said about the image just now. */
  mayEdit(): boolean;
}

type Drag =
  | { kind: "draw"; from: Point }
  | { kind: "move"; from: Point; box: Drawn }
  | { kind: "resize"; handle: Handle; box: Drawn; grab: Point }
  | { kind: "pan"; last: Point }
  | { kind: "pinch"; distance: number; middle: Point };

const CLICK_PIXELS = 4;

export class Gestures {
  private drag: Drag | null = null;
  private start: Point = { x: 0, y: 0 };
  private moving = false;
  private readonly pointers = new Map<number, Point>();
  /** True while the space bar is held: dragging pans. */
  panning = false;

  constructor(
    private readonly stage: Stage,
    private readonly hand: Hand,
    private readonly hasFocus: () => boolean,
    signal: AbortSignal,
  ) {
    const root = stage.root;
    root.addEventListener("pointerdown", (event) => this.down(event), { signal });
    root.addEventListener("pointermove", (event) => this.move(event), { signal });
    root.addEventListener("pointerup", (event) => this.up(event), { signal });
    for (const end of ["pointercancel", "lostpointercapture"] as const) {
      root.addEventListener(end, (event) => this.pointers.has(event.pointerId) && this.lost(event), { signal });
    }
    root.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    root.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    // The middle button would start the browser's own scrolling.
    root.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault(), { signal });
  }

  /** True from the press of a button or finger to its release. */
  get active(): boolean {
    return this.drag !== null;
  }

  /** Forget the gesture in progress; true if there was one. */
  cancel(): boolean {
    const had = this.drag !== null;
    this.drag = null;
    this.hand.draft(null, null);
    return had;
  }

  private at(event: MouseEvent): Point {
    const origin = this.stage.root.getBoundingClientRect();
    return { x: event.clientX - origin.left, y: event.clientY - origin.top };
  }

  private down(event: PointerEvent): void {
    const at = this.at(event);
    // The first finger: whatever others did before, the page may never have heard of their end.
    if (event.isPrimary) this.pointers.clear();
    this.pointers.set(event.pointerId, at);
    this.stage.root.setPointerCapture(event.pointerId);
    if (this.pointers.size === 2) {
      this.cancel();
      this.drag = { kind: "pinch", ...this.pinch() };
      return;
    }
    if (this.pointers.size > 2) return;
    this.start = at;
    this.moving = false;
    if (event.button === 1 || event.button === 2 || this.panning) this.drag = { kind: "pan", last: at };
    else this.drag = this.hand.mayEdit() ? this.dragAt(at, event.pointerType === "touch" ? 18 : 8) : null;
  }

  private dragAt(at: Point, reach: number): Drag {
    const box = this.hand.selected();
    const from = this.stage.view.toImage(at);
    if (!box) return { kind: "draw", from };
    const inside = contains(box, from);
    // inside a small box the handles leave a place to take it by and move it
    const side = Math.min(box.width, box.height) * this.stage.view.scale;
    const grip = this.handleNear(at, box, inside ? Math.min(reach, side / 3) : reach);
    if (grip) return { kind: "resize", box, ...grip };
    return inside ? { kind: "move", from, box } : { kind: "draw", from };
  }

  /** The handle that is near a point of the stage, and how far beside its middle it is taken. */
  private handleNear(at: Point, box: Box, reach: number): { handle: Handle; grab: Point } | undefined {
    for (const handle of HANDLES) {
      const [across, down] = handleAt(handle);
      const spot = this.stage.view.toStage({ x: box.x + across * box.width, y: box.y + down * box.height });
      const grab = { x: at.x - spot.x, y: at.y - spot.y };
      if (Math.abs(grab.x) <= reach && Math.abs(grab.y) <= reach) return { handle, grab };
    }
    return undefined;
  }

  private move(event: PointerEvent): void {
    const at = this.at(event);
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, at);
    if (!this.drag) return this.hover(at);
    if (this.drag.kind === "pinch") return this.pinched(this.drag);
    if (!this.moving && Math.hypot(at.x - this.start.x, at.y - this.start.y) < CLICK_PIXELS) return;
    this.moving = true;
    if (this.drag.kind === "pan") {
      this.stage.view.pan(at.x - this.drag.last.x, at.y - this.drag.last.y);
      this.drag.last = at;
      this.stage.redraw();
    } else {
      this.hand.draft(this.boxOf(this.drag, at), this.drag.kind === "draw" ? null : this.drag.box.key);
    }
  }

  private up(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    const drag = this.drag;
    if (!drag || drag.kind === "pinch") {
      if (this.pointers.size < 2) this.cancel();
      return;
    }
    const at = this.at(event);
    this.drag = null;
    this.hand.draft(null, null);
    if (drag.kind === "pan") return;
    if (!this.moving) {
      this.hand.pick(this.stage.view.toImage(at), 4 / this.stage.view.scale);
    } else if (drag.kind === "draw") {
      this.hand.draw(this.boxOf(drag, at));
    } else {
      this.hand.change(drag.box.key, this.boxOf(drag, at));
    }
  }

  private lost(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    this.cancel();
  }

  private boxOf(drag: Extract<Drag, { kind: "draw" | "move" | "resize" }>, at: Point): Box {
    const grab = drag.kind === "resize" ? drag.grab : { x: 0, y: 0 };
    const to = this.stage.view.toImage({ x: at.x - grab.x, y: at.y - grab.y });
    const { imageWidth, imageHeight } = this.stage.view;
    if (drag.kind === "draw") {
      return { x: drag.from.x, y: drag.from.y, width: to.x - drag.from.x, height: to.y - drag.from.y };
    }
    const { box } = drag;
    if (drag.kind === "move") return moved(box, to.x - drag.from.x, to.y - drag.from.y, imageWidth, imageHeight);
    const [across, down] = handleAt(drag.handle);
    const left = across === 0 ? to.x : box.x;
    const top = down === 0 ? to.y : box.y;
    const right = across === 1 ? to.x : box.x + box.width;
    const bottom = down === 1 ? to.y : box.y + box.height;
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  private hover(at: Point): void {
    const drag = this.panning ? null : this.dragAt(at, 8);
    const cursors: Record<Handle, string> = {
      nw: "nwse-resize",
      se: "nwse-resize",
      ne: "nesw-resize",
      sw: "nesw-resize",
      n: "ns-resize",
      s: "ns-resize",
      e: "ew-resize",
      w: "ew-resize",
    };
    this.stage.root.style.cursor =
      drag === null ? "grab" : drag.kind === "resize" ? cursors[drag.handle] : drag.kind === "move" ? "move" : "crosshair";
  }

  private pinch(): { distance: number; middle: Point } {
    const [a, b] = [...this.pointers.values()] as [Point, Point];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
  }

  private pinched(drag: Extract<Drag, { kind: "pinch" }>): void {
    if (this.pointers.size < 2) return;
    const now = this.pinch();
    this.stage.view.pan(now.middle.x - drag.middle.x, now.middle.y - drag.middle.y);
    if (drag.distance > 0) this.stage.view.zoom(now.distance / drag.distance, now.middle);
    drag.distance = now.distance;
    drag.middle = now.middle;
    this.stage.redraw();
  }

  // Without the focus the wheel scrolls the notebook, as everywhere else in it.
  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !this.hasFocus()) return;
    event.preventDefault();
    if (event.shiftKey) this.stage.view.pan(-event.deltaY - event.deltaX, 0);
    else this.stage.view.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), this.at(event));
    this.stage.redraw();
  }
}
