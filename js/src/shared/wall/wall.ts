// A wall of thumbnails: as many items as there are, of which only those in sight are drawn, on one canvas.
import { element } from "../element";
import { newKey } from "../identity";
import type { Requests } from "../requests";
import type { Box, Point } from "../box";
import type { Brush } from "./brush";
import { GAP, HEADER, Layout, type Section, type Tile } from "./layout";
import { Scroller } from "./scroller";
import { Selection } from "./selection";
import { levelFor, type PlainSheet, type Sheet, Thumbnails } from "./thumbnails";
import { type Surface, WallGestures } from "./wall_gestures";

export interface WallActions {
  /** What screen readers say about an item. */
  describe(item: number): string;
  /** Draw over the picture of an item. */
  decorate(context: CanvasRenderingContext2D, item: number, tile: Box): void;
  /** Another item has the keyboard, more or fewer are selected, or tiles have another size. */
  changed(): void;
  /** Enter or a double click. */
  open(): void;
  failed(error: Error): void;
  /** What clicks and drags do, where that is not to select. */
  readonly brush?: Brush;
}

export const SIDES = { smallest: 32, usual: 112, largest: 400 };
const SETTLED_MS = 250;
const STYLE_HOLDS_MS = 500;
const PIXELATED_FROM = 2; // times enlarged: then people want to see pixels

interface Colors {
  tile: string;
  text: string;
  back: string;
  focus: string;
}

export class Wall implements Surface {
  readonly root = element("div", { class: "ig-wall" });
  readonly selection = new Selection();
  private readonly frame = element("div", {
    class: "ig-wall-frame",
    role: "listbox",
    "aria-multiselectable": "true",
    tabindex: "0",
    "data-lm-suppress-shortcuts": "true",
  });
  private readonly content = element("div", { class: "ig-wall-content", role: "presentation" });
  private readonly canvas = element("canvas", { class: "ig-wall-canvas", "aria-hidden": "true" });
  private readonly options = element("div", { class: "ig-live", role: "presentation" });
  private readonly band = element("div", { class: "ig-wall-band", hidden: true });
  private readonly thumbnails: Thumbnails;
  private readonly scroller: Scroller;
  private readonly observer = new ResizeObserver(() => this.measure());
  private readonly themes = new MutationObserver(() => {
    this.colors = null;
    this.redraw();
  });
  private readonly stop = new AbortController();
  private readonly name = `ig-${newKey()}`;
  private order: Uint32Array = new Uint32Array(0);
  private places = new Int32Array(0);
  private sections: readonly Section[] = [];
  private layout = new Layout(0, [], 1, SIDES.usual);
  private side = SIDES.usual;
  private activePosition = 0;
  private width = 0;
  private pending = 0;
  private settling = 0;
  private lastOffset = 0;
  private downwards = true;
  private colors: Colors | null = null;
  private colorsAt = 0;
  private pointer: Point | null = null;
  /** Whether clicks and drags select on a wall with a brush, too. */
  selecting = false;

  constructor(
    requests: Requests,
    label: string,
    private readonly actions: WallActions,
  ) {
    this.frame.setAttribute("aria-label", label);
    this.thumbnails = new Thumbnails(
      requests,
      () => this.redraw(),
      (error) => actions.failed(error),
    );
    this.content.append(this.canvas);
    this.frame.append(this.content, this.options);
    this.root.append(this.frame, this.band);
    this.scroller = new Scroller(this.frame, this.content, () => this.redraw(), this.stop.signal);
    new WallGestures(this.frame, this.band, this, this.stop.signal);
    this.frame.addEventListener("focus", () => this.redraw(), { signal: this.stop.signal });
    this.frame.addEventListener("blur", () => this.redraw(), { signal: this.stop.signal });
    this.observer.observe(this.frame);
    this.themes.observe(document.body, { attributes: true }); // JupyterLab, Notebook and VS Code tell their theme there
  }

  /** There are so many items now: numbers below that may be shown. */
  grow(total: number): void {
    this.selection.grow(total);
    const longer = new Int32Array(total).fill(-1);
    longer.set(this.places.subarray(0, total));
    this.places = longer;
  }

  /** How many items there are, shown or not. */
  get total(): number {
    return this.places.length;
  }

  /** Other items are shown from now on: number 0 is what the kernel calls `first`. */
  restart(first: number): void {
    this.selection.clear();
    this.selection.anchor = null;
    this.thumbnails.restart(first);
    this.show(new Uint32Array(0));
  }

  /** Show these items in this order. The item that has the keyboard stays in sight where it is still shown. */
  show(order: Uint32Array, sections: readonly Section[] = []): void {
    // who is not here yet looks at the beginning, whatever comes there
    const moved = this.scroller.offset > 0 || this.activePosition > 0 || this.root.contains(document.activeElement);
    const held = moved ? this.active : null;
    const before = held === null || this.layout.count === 0 ? 0 : this.layout.tile(this.activePosition).y - this.scroller.offset;
    this.order = order;
    this.sections = sections;
    this.places.fill(-1);
    for (let i = 0; i < order.length; i++) this.places[order[i] as number] = i;
    const place = held === null ? -1 : this.placeOf(held);
    this.activePosition = Math.max(place, 0);
    this.relay();
    this.scroller.to(place < 0 ? 0 : this.layout.tile(place).y - before);
    this.actions.changed();
  }

  get shown(): Uint32Array {
    return this.order;
  }

  /** The item that has the keyboard, or null where nothing is shown. */
  get active(): number | null {
    return this.order[this.activePosition] ?? null;
  }

  /**
   * Where the cursor is: the only place that is framed, and what keys are about. The last of two moves it: the mouse, on
   * a wall that is painted, or whatever gives an item the keyboard.
   */
  get position(): number {
    const below = this.paintable && this.pointer && this.positionAt(this.pointer.x, this.pointer.y);
    return typeof below === "number" ? below : this.activePosition;
  }

  /** The item at the cursor gets the keyboard. */
  settle(): void {
    if (this.pointer) this.go(this.position);
  }

  get tileSide(): number {
    return this.side;
  }

  /** What selected things are done to: the selected items that are shown, else the one at the cursor. */
  get targets(): number[] {
    const seen = this.selection.items().filter((item) => (this.places[item] as number) >= 0);
    const item = this.order[this.position];
    return seen.length > 0 || item === undefined ? seen : [item];
  }

  get paintable(): boolean {
    return this.actions.brush !== undefined;
  }

  /** What clicks and drags do, or null where they select. */
  get brush(): Brush | null {
    return (this.selecting ? null : this.actions.brush) ?? null;
  }

  /** The mouse is at this point of the frame, or away. */
  hover(pointer: Point | null): void {
    const before = this.position;
    this.pointer = pointer;
    if (this.position !== before) this.redraw();
  }

  /** Items of which the middle is to be seen on the page, with their pictures. */
  get inSight(): number[] {
    const { top } = this.frame.getBoundingClientRect();
    const { offset } = this.scroller;
    const from = offset + Math.max(0, -top);
    const to = offset + Math.min(this.frame.clientHeight, window.innerHeight - top);
    return [...this.layout.within(from, to)]
      .filter(({ y, height }) => y + height / 2 >= from && y + height / 2 <= to)
      .map(({ position }) => this.order[position] as number)
      .filter((item) => this.thumbnails.get(item) !== undefined);
  }

  /** Where an item is shown, or -1. */
  placeOf(item: number): number {
    return this.places[item] ?? -1;
  }

  /** Go on; where something is selected, the item there is selected instead. */
  step(places: number): void {
    this.go(this.position + places);
    const { active } = this;
    if (this.selection.count > 0 && active !== null) this.select((selection) => selection.only([active]));
  }

  resizeTiles(side: number): void {
    const middle = this.layout.at(GAP + 1, this.scroller.offset + this.frame.clientHeight / 2);
    this.side = Math.round(Math.min(Math.max(side, SIDES.smallest), SIDES.largest));
    this.relay();
    if (middle !== null) this.scroller.to(this.layout.tile(middle).y - this.frame.clientHeight / 2);
    this.actions.changed();
  }

  /** Give an item the keyboard, and bring it into sight. */
  go(position: number): void {
    if (this.order.length === 0) return;
    this.pointer = null; // until it moves again
    this.activePosition = Math.min(Math.max(position, 0), this.order.length - 1);
    const tile = this.layout.tile(this.activePosition);
    const room = this.sections.some((section) => section.title) ? HEADER : 0;
    const { offset } = this.scroller;
    if (tile.y - room < offset) this.scroller.to(tile.y - room - GAP);
    else if (tile.y + tile.height > offset + this.frame.clientHeight) {
      this.scroller.to(tile.y + tile.height + GAP - this.frame.clientHeight);
    }
    this.redraw();
    this.nameActive();
    this.actions.changed();
  }

  /** The position some rows below, or a screenful of rows with `pages`. */
  below(rows: number, pages = 0): number {
    if (this.order.length === 0) return 0;
    const screenful = Math.max(1, Math.floor(this.frame.clientHeight / (this.side + 2 * GAP)));
    return this.layout.below(this.position, rows + pages * screenful);
  }

  select(change: (selection: Selection) => void): void {
    change(this.selection);
    this.redraw();
    this.actions.changed();
  }

  open(): void {
    if (this.active !== null) this.actions.open();
  }

  positionAt(x: number, y: number): number | null {
    return this.layout.at(x, y + this.scroller.offset);
  }

  itemsTouching(box: Box): number[] {
    return this.layout.touching(box).map((position) => this.order[position] as number);
  }

  get offset(): number {
    return this.scroller.offset;
  }

  scrollBy(distance: number): void {
    this.scroller.to(this.scroller.offset + distance);
  }

  focus(): void {
    this.frame.focus({ preventScroll: true });
  }

  redraw(): void {
    if (this.pending === 0) this.pending = requestAnimationFrame(() => this.draw());
  }

  receive(sheet: Sheet, buffer: DataView | undefined): void {
    this.thumbnails.receive(sheet, buffer).catch((error: Error) => this.actions.failed(error));
  }

  /** Take over thumbnails that nobody has asked for. */
  take(sheet: PlainSheet, buffer: DataView): void {
    this.thumbnails.take(sheet, buffer).catch((error: Error) => this.actions.failed(error));
  }

  dispose(): void {
    cancelAnimationFrame(this.pending);
    clearTimeout(this.settling);
    this.observer.disconnect();
    this.themes.disconnect();
    this.stop.abort();
    this.thumbnails.dispose();
  }

  private measure(): void {
    const ratio = window.devicePixelRatio;
    const [width, height] = [this.frame.clientWidth, this.frame.clientHeight];
    if (width === 0 || height === 0) return; // an output that JupyterLab has taken off the screen
    const first = this.layout.at(GAP + 1, this.scroller.offset + GAP + 1);
    const above = first === null ? 0 : this.scroller.offset - this.layout.tile(first).y;
    const other = width !== this.width;
    this.width = width;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.relay();
    // with another number of columns the same items stay in sight
    if (other && first !== null) this.scroller.to(this.layout.tile(first).y + above);
    // a canvas of another size is empty: fill it before anybody sees it
    cancelAnimationFrame(this.pending);
    this.draw();
  }

  private relay(): void {
    const width = Math.max(this.frame.clientWidth, 2 * GAP + 1);
    this.layout = new Layout(this.order.length, this.sections, width, this.side);
    this.scroller.resize(this.layout.height);
    this.redraw();
  }

  private draw(): void {
    this.pending = 0;
    const context = this.canvas.getContext("2d", { alpha: false });
    const [width, height] = [this.frame.clientWidth, this.frame.clientHeight];
    if (!context || width === 0 || height === 0) return;
    const { offset } = this.scroller;
    if (offset !== this.lastOffset) this.downwards = offset > this.lastOffset;
    this.lastOffset = offset;
    const colors = this.currentColors();
    const ratio = this.canvas.width / width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colors.back;
    context.fillRect(0, 0, width, height);
    const seen = [...this.layout.within(offset, offset + height)];
    for (const tile of seen) this.drawTile(context, tile, tile.y - offset, colors);
    this.drawHeaders(context, offset, width, height, colors);
    this.wish(seen, ratio);
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => this.nameActive(), SETTLED_MS);
  }

  private drawTile(context: CanvasRenderingContext2D, tile: Tile, y: number, colors: Colors): void {
    const item = this.order[tile.position] as number;
    const { x, width, height } = tile;
    context.fillStyle = colors.tile;
    context.fillRect(x, y, width, height);
    const thumbnail = this.thumbnails.get(item);
    if (thumbnail) {
      const scale = Math.min(width / thumbnail.width, height / thumbnail.height);
      const [w, h] = [thumbnail.width * scale, thumbnail.height * scale];
      context.imageSmoothingEnabled = scale * window.devicePixelRatio < PIXELATED_FROM;
      const [left, top] = [x + (width - w) / 2, y + (height - h) / 2];
      context.drawImage(thumbnail.picture, thumbnail.x, thumbnail.y, thumbnail.width, thumbnail.height, left, top, w, h);
    } else if (this.thumbnails.problem(item) !== undefined) {
      context.fillStyle = colors.text;
      context.font = `600 ${Math.min(24, height / 2)}px sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText("unreadable", x + width / 2, y + height / 2, width - 8);
    }
    this.actions.decorate(context, item, { x, y, width, height });
    if (this.selection.has(item)) {
      context.strokeStyle = colors.focus;
      context.lineWidth = 4;
      context.strokeRect(x + 2, y + 2, width - 4, height - 4);
      context.fillStyle = colors.focus;
      context.fillRect(x, y, 18, 18);
      context.strokeStyle = "#fff";
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(x + 4, y + 9);
      context.lineTo(x + 8, y + 13);
      context.lineTo(x + 14, y + 5);
      context.stroke();
    }
    if (tile.position === this.position) {
      context.strokeStyle = colors.text;
      context.lineWidth = document.activeElement === this.frame ? 2 : 1;
      context.setLineDash([5, 3]);
      context.strokeRect(x - 2, y - 2, width + 4, height + 4);
      context.setLineDash([]);
    }
  }

  private drawHeaders(
    context: CanvasRenderingContext2D,
    offset: number,
    width: number,
    height: number,
    colors: Colors,
  ): void {
    for (const { title, y } of this.layout.headersWithin(offset, offset + height)) {
      context.fillStyle = colors.back;
      context.fillRect(0, y - offset, width, HEADER);
      context.fillStyle = colors.text;
      context.font = "600 13px system-ui, sans-serif";
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(title, GAP + 2, y - offset + HEADER / 2, width - 2 * GAP);
    }
  }

  /** Ask for what is in sight, then for a screen further on, then for half a screen behind. */
  private wish(seen: readonly Tile[], ratio: number): void {
    const { offset } = this.scroller;
    const height = this.frame.clientHeight;
    const after = [...this.layout.within(offset + height, offset + (this.downwards ? 2 : 1.5) * height)];
    const before = [...this.layout.within(Math.max(0, offset - (this.downwards ? 0.5 : 1) * height), offset)].reverse();
    const further = this.downwards ? [...after, ...before] : [...before, ...after];
    const items = [...seen, ...further].map((tile) => this.order[tile.position] as number);
    this.thumbnails.wish(levelFor(seen[0]?.width ?? this.side, ratio, seen.length), items);
  }

  /** Tell screen readers which item has the keyboard: the tiles themselves are pixels. */
  private nameActive(): void {
    const item = this.active;
    if (item === null) {
      this.options.replaceChildren();
      return this.frame.removeAttribute("aria-activedescendant");
    }
    const id = `${this.name}-${item}`;
    const why = this.thumbnails.problem(item);
    const option = element(
      "div",
      {
        id,
        role: "option",
        "aria-setsize": this.order.length,
        "aria-posinset": this.activePosition + 1,
        "aria-selected": String(this.selection.has(item)),
      },
      why === undefined ? this.actions.describe(item) : `${this.actions.describe(item)}, cannot be shown: ${why}`,
    );
    // said once: a screen reader reads again what is new
    if (this.options.firstElementChild?.outerHTML === option.outerHTML) return;
    this.options.replaceChildren(option);
    this.frame.setAttribute("aria-activedescendant", id);
  }

  private currentColors(): Colors {
    const now = performance.now();
    if (!this.colors || now - this.colorsAt > STYLE_HOLDS_MS) {
      const style = getComputedStyle(this.root);
      const of = (name: string) => style.getPropertyValue(name).trim();
      this.colors = {
        tile: of("--ig-hover"),
        text: of("--ig-text"),
        back: of("--ig-back"),
        focus: of("--ig-focus"),
      };
      this.colorsAt = now;
    }
    return this.colors;
  }
}
