// Mouse, pen, fingers and keys on a wall: give an item the keyboard, select, paint, open, scroll.
import { type Box, type Point, upright } from "../box";
import { letterOf } from "../keys";
import { type Brush, Stroke } from "./brush";
import type { Selection, Snapshot } from "./selection";

const CLICK_PIXELS = 5;
const HELD_MS = 450;
const EDGE_PIXELS = 40;
const ONCE = new Set([" ", "Enter", "a"]); // however long they are held down

/** What gestures need of a wall. Points of it are in its own coordinates, points of the frame in the frame's. */
export interface Surface {
  /** The items that are shown, in their order; positions are places in it. */
  readonly shown: Uint32Array;
  readonly selection: Selection;
  /** What clicks and drags do, or null where they select. */
  readonly brush: Brush | null;
  /** Whether clicks and drags may paint: Space is the widget's then. */
  readonly paintable: boolean;
  /** Where the cursor is. */
  readonly position: number;
  /** How far the wall is scrolled, in CSS pixels. */
  readonly offset: number;
  readonly tileSide: number;
  /** The position at a point of the frame, or null between tiles. */
  positionAt(x: number, y: number): number | null;
  /** Where an item is shown, or -1. */
  placeOf(item: number): number;
  /** The items that a box of the wall touches. */
  itemsTouching(box: Box): number[];
  /** The position some rows below, or a screenful of rows with `pages`. */
  below(rows: number, pages?: number): number;
  /** The mouse is at this point of the frame, or away; on a wall that is painted it moves the cursor. */
  hover(pointer: Point | null): void;
  select(change: (selection: Selection) => void): void;
  /** Move the cursor to a position, and bring it into sight. */
  go(position: number): void;
  /** Move the cursor on, with what is selected. */
  step(places: number): void;
  open(): void;
  scrollBy(distance: number): void;
  resizeTiles(side: number): void;
}

interface Drag {
  pointer: number;
  /** Where it began, in the wall's own coordinates. */
  start: Point;
  /** Where the pointer is, in the frame's coordinates. */
  at: Point;
  /**
   * A rubber band (mouse), or a range selected by a finger that was held down first; on a wall with a brush, a stroke of
   * it (mouse, or a finger that was held down first); null: not yet.
   */
  kind: "band" | "range" | "stroke" | null;
  stroke: Stroke | null;
  touch: boolean;
  keep: Snapshot | null;
  /** The item below it; its place may change while it is pressed. */
  item: number | null;
}

export class WallGestures {
  private drag: Drag | null = null;
  private held = 0;
  private scrolling = 0;

  constructor(
    private readonly frame: HTMLElement,
    private readonly band: HTMLElement,
    private readonly wall: Surface,
    signal: AbortSignal,
  ) {
    frame.addEventListener("pointerdown", (event) => this.down(event), { signal });
    frame.addEventListener("pointermove", (event) => this.move(event), { signal });
    frame.addEventListener("pointerup", (event) => this.up(event), { signal });
    frame.addEventListener("pointercancel", () => this.cancel(), { signal });
    frame.addEventListener("pointerleave", () => wall.hover(null), { signal });
    frame.addEventListener("dblclick", (event) => this.opens(this.at(event)), { signal });
    frame.addEventListener("keydown", (event) => this.keydown(event), { signal });
    // once a finger was held, it selects: the browser must not scroll with it
    frame.addEventListener("touchmove", (event) => this.drag?.touch && this.drag.kind !== null && event.preventDefault(), {
      signal,
      passive: false,
    });
    frame.addEventListener("contextmenu", (event) => this.drag?.touch && event.preventDefault(), { signal });
    signal.addEventListener("abort", () => this.cancel());
  }

  private at(event: MouseEvent): Point {
    const origin = this.frame.getBoundingClientRect();
    return { x: event.clientX - origin.left, y: event.clientY - origin.top };
  }

  private opens({ x, y }: Point): void {
    if (this.wall.positionAt(x, y) !== null) this.wall.open();
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || !event.isPrimary) return;
    const at = this.at(event);
    if (at.x > this.frame.clientWidth) return; // the scroll bar
    const touch = event.pointerType !== "mouse"; // a pen scrolls like a finger
    const adding = event.ctrlKey || event.metaKey;
    const { brush } = this.wall;
    const painting = brush !== null && !(adding || event.altKey || event.shiftKey);
    this.drag = {
      pointer: event.pointerId,
      start: { x: at.x, y: at.y + this.wall.offset },
      at,
      kind: null,
      stroke: painting ? new Stroke(brush, ({ x, y }) => this.itemAt(x, y - this.wall.offset)) : null,
      touch,
      keep: adding || touch ? this.wall.selection.snapshot() : null,
      item: this.itemAt(at.x, at.y),
    };
    if (touch) this.held = window.setTimeout(() => this.hold(), HELD_MS);
  }

  private hold(): void {
    if (!this.drag || this.drag.item === null) return;
    this.drag.kind = this.drag.stroke ? "stroke" : "range";
    this.drag.stroke?.to(this.drag.start);
    this.paint();
    navigator.vibrate?.(10);
  }

  private itemAt(x: number, y: number): number | null {
    const position = this.wall.positionAt(x, y);
    return position === null ? null : (this.wall.shown[position] as number);
  }

  private move(event: PointerEvent): void {
    const { drag } = this;
    if (event.pointerType === "mouse") this.wall.hover(this.at(event));
    if (!drag || drag.pointer !== event.pointerId) return;
    if (event.buttons === 0) return this.cancel(); // it was released outside
    drag.at = this.at(event);
    const far = Math.hypot(drag.at.x - drag.start.x, drag.at.y + this.wall.offset - drag.start.y) > CLICK_PIXELS;
    if (drag.kind === null && far) {
      if (drag.touch) return this.cancel(); // it scrolls
      drag.kind = drag.stroke ? "stroke" : "band";
      drag.stroke?.to(drag.start);
      this.frame.setPointerCapture(event.pointerId);
    }
    if (drag.kind === null) return;
    this.paint();
    if (this.scrolling === 0) this.scrolling = requestAnimationFrame(() => this.scroll());
  }

  private up(event: PointerEvent): void {
    const { drag } = this;
    if (!drag || drag.pointer !== event.pointerId) return;
    this.end(true);
    if (drag.kind !== null || drag.item === null) return;
    const { item } = drag;
    const position = this.wall.placeOf(item);
    if (position < 0) return; // it is not shown any more
    const { selection, brush } = this.wall;
    if (brush && event.shiftKey) {
      const [from, to] = [this.anchor(selection), position].sort((a, b) => a - b) as [number, number];
      brush.sweep([...this.wall.shown.subarray(from, to + 1)]);
    } else if (drag.stroke) {
      brush?.dab(item);
      selection.anchor = item;
    } else if (event.shiftKey) {
      this.wall.select(() => selection.range(this.wall.shown, this.anchor(selection), position));
    } else {
      // a tap adds to what fingers selected, a click begins anew
      if (event.ctrlKey || event.metaKey || (drag.touch && selection.count > 0)) this.wall.select(() => selection.toggle(item));
      else if (drag.touch) this.wall.select(() => undefined);
      else this.wall.select(() => selection.only([item]));
      selection.anchor = item;
    }
    this.wall.go(position);
  }

  /** The position where a range begins. */
  private anchor(selection: Selection): number {
    const place = selection.anchor === null ? -1 : this.wall.placeOf(selection.anchor);
    return place < 0 ? this.wall.position : place;
  }

  private cancel(): void {
    this.end(false);
  }

  private end(kept: boolean): void {
    if (this.drag?.kind === "stroke") this.drag.stroke?.lift(kept);
    clearTimeout(this.held);
    cancelAnimationFrame(this.scrolling);
    this.scrolling = 0;
    this.drag = null;
    this.band.hidden = true;
  }

  private paint(): void {
    const { drag, wall } = this;
    if (!drag) return;
    if (drag.kind === "stroke") {
      const y = Math.min(Math.max(drag.at.y, 0), this.frame.clientHeight - 1); // what is out of sight is not painted
      return drag.stroke?.to({ x: drag.at.x, y: y + wall.offset });
    }
    const end = { x: drag.at.x, y: drag.at.y + wall.offset };
    if (drag.kind === "range") {
      const last = wall.positionAt(drag.at.x, drag.at.y);
      const first = drag.item === null ? -1 : wall.placeOf(drag.item);
      if (last === null || first < 0) return;
      const [from, to] = [Math.min(first, last), Math.max(first, last)];
      wall.select((selection) => {
        if (drag.keep) selection.restore(drag.keep);
        for (let i = from; i <= to; i++) selection.set(wall.shown[i] as number, true);
      });
      return;
    }
    const { x, y } = drag.start;
    const box = upright({ x, y, width: end.x - x, height: end.y - y });
    const touched = wall.itemsTouching(box);
    wall.select((selection) => {
      if (drag.keep) selection.restore(drag.keep);
      else selection.clear();
      for (const item of touched) selection.set(item, true);
    });
    this.band.hidden = false;
    this.band.style.transform = `translate(${box.x}px, ${box.y - wall.offset}px)`;
    this.band.style.width = `${box.width}px`;
    this.band.style.height = `${box.height}px`;
  }

  /** Near the upper or lower edge a drag scrolls, the faster the nearer. */
  private scroll(): void {
    this.scrolling = 0;
    const { drag } = this;
    if (!drag) return;
    const over = drag.at.y - (this.frame.clientHeight - EDGE_PIXELS);
    const under = EDGE_PIXELS - drag.at.y;
    const speed = over > 0 ? over : under > 0 ? -under : 0;
    if (speed === 0) return;
    this.wall.scrollBy(speed / 2);
    this.paint();
    this.scrolling = requestAnimationFrame(() => this.scroll());
  }

  private keydown(event: KeyboardEvent): void {
    const { wall } = this;
    const target = this.target(event);
    const letter = letterOf(event);
    if (event.repeat && ONCE.has(letter)) {
      // nothing: it was done already
    } else if (target !== null) {
      const { selection } = wall;
      if (event.shiftKey) {
        if (selection.count === 0) selection.anchor = wall.shown[wall.position] ?? null;
        wall.select(() => selection.range(wall.shown, this.anchor(selection), target));
        wall.go(target);
      } else {
        wall.step(target - wall.position); // what is done next is done to where the cursor is
      }
    } else if (event.key === " " ? event.ctrlKey || !wall.paintable : event.key === "Enter" && event.ctrlKey) {
      const item = wall.shown[wall.position];
      if (item !== undefined) {
        wall.select((selection) => selection.toggle(item));
        wall.selection.anchor = item;
        wall.go(wall.position);
      }
    } else if (event.key === "Enter") {
      wall.open();
    } else if (letter === "a" && (event.ctrlKey || event.metaKey)) {
      wall.select((selection) => selection.only(wall.shown));
    } else if (event.key === "Escape" && (this.drag !== null || wall.selection.count > 0)) {
      this.cancel();
      wall.select((selection) => selection.clear());
    } else if (["+", "=", "-"].includes(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      wall.resizeTiles(wall.tileSide * (event.key === "-" ? 0.8 : 1.25));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Where a key moves to, or null. */
  private target(event: KeyboardEvent): number | null {
    if (event.altKey || event.ctrlKey || event.metaKey) return null;
    const { wall } = this;
    switch (event.key) {
      case "ArrowLeft":
        return Math.max(0, wall.position - 1);
      case "ArrowRight":
        return Math.min(wall.shown.length - 1, wall.position + 1);
      case "ArrowUp":
        return wall.below(-1);
      case "ArrowDown":
        return wall.below(1);
      case "PageUp":
        return wall.below(0, -1);
      case "PageDown":
        return wall.below(0, 1);
      case "Home":
        return 0;
      case "End":
        return wall.shown.length - 1;
      default:
        return null;
    }
  }
}
