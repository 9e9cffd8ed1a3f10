import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { expect } from "expect";
import type { Box, Point } from "../src/shared/box";
import type { Brush } from "../src/shared/wall/brush";
import { Layout } from "../src/shared/wall/layout";
import { Selection } from "../src/shared/wall/selection";
import { type Surface, WallGestures } from "../src/shared/wall/wall_gestures";
import { FakeElement, real } from "./fake_page";

const COLUMNS = 5;

/** A wall of twenty items, five in a row, in the order 19, 18, …; without pictures. */
class PlainWall implements Surface {
  readonly shown = Uint32Array.from({ length: 20 }, (_, i) => 19 - i);
  readonly selection = new Selection();
  readonly layout = new Layout(20, [], 504, 96);
  position = 0;
  offset = 0;
  tileSide = 100;
  opened = 0;
  brush: Brush | null = null;
  paintable = false;
  hovered: Point | null = null;

  constructor() {
    this.selection.grow(20);
  }
  placeOf(item: number): number {
    return this.shown.indexOf(item);
  }
  positionAt(x: number, y: number): number | null {
    return this.layout.at(x, y + this.offset);
  }
  itemsTouching(box: Box): number[] {
    return this.layout.touching(box).map((position) => this.shown[position] as number);
  }
  hover(at: Point | null): void {
    this.hovered = at;
  }
  select(change: (selection: Selection) => void): void {
    change(this.selection);
  }
  go(position: number): void {
    this.hovered = null;
    this.position = Math.min(Math.max(position, 0), this.shown.length - 1);
  }
  step(places: number): void {
    this.go(this.position + places);
    if (this.selection.count > 0) this.selection.only([this.shown[this.position] as number]);
  }
  below(rows: number, pages = 0): number {
    return this.layout.below(this.position, rows + 2 * pages);
  }
  scrollBy(distance: number): void {
    this.offset += distance;
  }
  resizeTiles(side: number): void {
    this.tileSide = side;
  }
  open(): void {
    this.opened++;
  }
}

function wall() {
  const frame = new FakeElement("div");
  frame.clientWidth = 504;
  frame.clientHeight = 300;
  const band = new FakeElement("div");
  band.hidden = true;
  const made = new PlainWall();
  const stop = new AbortController();
  new WallGestures(real(frame), real(band), made, stop.signal);
  const at = (position: number) => {
    const { x, y, width, height } = made.layout.tile(position);
    return { clientX: x + width / 2, clientY: y + height / 2 - made.offset };
  };
  const pointer = (type: string, details: object) =>
    frame.fire(type, { pointerId: 1, pointerType: "mouse", isPrimary: true, button: 0, buttons: 1, ...details });
  const click = (position: number, details: object = {}) => {
    pointer("pointerdown", { ...at(position), ...details });
    pointer("pointerup", { ...at(position), ...details });
  };
  const drag = (from: object, to: object, details: object = {}) => {
    pointer("pointerdown", { ...from, ...details });
    pointer("pointermove", { ...to, ...details });
  };
  /** Positions that are selected. */
  const selected = () => made.selection.items().map((item) => made.placeOf(item)).sort((a, b) => a - b);
  return { made, frame, band, stop, at, pointer, click, drag, selected };
}

const touch = { pointerType: "touch" };
const ctrl = { ctrlKey: true };
const shift = { shiftKey: true };

describe("mouse on a wall", () => {
  test("a click selects one, with Ctrl one more or less, with Shift all up to it", () => {
    const { click, selected, made } = wall();
    click(3);
    expect([selected(), made.position]).toEqual([[3], 3]);
    click(7, ctrl);
    click(9, ctrl);
    click(3, ctrl);
    expect(selected()).toEqual([7, 9]);
    click(8);
    click(5, shift);
    expect(selected()).toEqual([5, 6, 7, 8]);
    click(10, shift); // from the same beginning
    expect(selected()).toEqual([8, 9, 10]);
  });

  test("a rubber band selects what it touches, drawn in any direction", () => {
    const { drag, at, selected, band, pointer } = wall();
    drag(at(12), at(6));
    expect(selected()).toEqual([6, 7, 11, 12]);
    expect(band.hidden).toBe(false);
    pointer("pointermove", at(11)); // it may become smaller again
    expect(selected()).toEqual([11, 12]);
    pointer("pointerup", at(11));
    expect(band.hidden).toBe(true);
    expect(selected()).toEqual([11, 12]);
  });

  test("with Ctrl a band adds to what is selected", () => {
    const { click, drag, at, selected } = wall();
    click(19);
    drag(at(0), at(1), ctrl);
    expect(selected()).toEqual([0, 1, 19]);
  });

  test("a hand that trembles clicks", () => {
    const { pointer, at, selected } = wall();
    const { clientX, clientY } = at(4);
    pointer("pointerdown", { clientX, clientY });
    pointer("pointermove", { clientX: clientX + 2, clientY: clientY - 2 });
    pointer("pointerup", { clientX: clientX + 2, clientY });
    expect(selected()).toEqual([4]);
  });

  test("a band ends when the button was released outside, and other buttons begin none", () => {
    const { drag, at, band, pointer } = wall();
    drag(at(0), at(6));
    pointer("pointermove", { ...at(7), buttons: 0 });
    expect(band.hidden).toBe(true);
    drag(at(0), at(6), { button: 2 });
    expect(band.hidden).toBe(true);
  });

  test("a double click opens what it hits", () => {
    const { frame, made, at } = wall();
    frame.fire("dblclick", at(3));
    expect(made.opened).toBe(1);
    frame.fire("dblclick", { clientX: 1, clientY: 1 });
    expect(made.opened).toBe(1);
  });
});

/** A wall with a brush, and what the brush is told. */
function painted() {
  const all = wall();
  const told: unknown[] = [];
  all.made.paintable = true;
  all.made.brush = {
    dab: (item) => told.push(["dab", all.made.placeOf(item)]),
    sweep: (items) => told.push(["sweep", ...items.map((item) => all.made.placeOf(item))]),
    stroke: (items) => told.push(["stroke", ...items.map((item) => all.made.placeOf(item))]),
    lift: (kept) => told.push(["lift", kept]),
  };
  return { ...all, told };
}

describe("a brush on a wall", () => {
  test("a click dabs and gives the keyboard, with Shift it sweeps from the last one, with Ctrl it selects", () => {
    const { click, told, selected, made } = painted();
    click(3);
    click(6, shift);
    click(1, shift);
    expect(told).toEqual([["dab", 3], ["sweep", 3, 4, 5, 6], ["sweep", 1, 2, 3]]);
    expect([selected(), made.position]).toEqual([[], 1]);
    click(8, ctrl);
    expect([selected(), told.length]).toEqual([[8], 3]);
  });

  test("a drag paints each tile once, and is lifted at its end", () => {
    const { drag, pointer, at, told, selected } = painted();
    drag(at(5), at(7));
    pointer("pointermove", at(5));
    pointer("pointermove", at(6));
    pointer("pointerup", at(6));
    expect(told).toEqual([["stroke", 5], ["stroke", 6, 7], ["lift", true]]);
    expect(selected()).toEqual([]);
  });

  test("the right button does nothing", () => {
    const { drag, pointer, click, at, told } = painted();
    drag(at(5), at(7), { button: 2, buttons: 2 });
    pointer("pointerup", { ...at(7), button: 2 });
    click(3, { button: 2 });
    expect(told).toEqual([]);
  });

  test("Escape and a button released outside give a stroke up", () => {
    for (const giveUp of [
      (all: ReturnType<typeof painted>) => all.frame.press("Escape"),
      (all: ReturnType<typeof painted>) => all.pointer("pointermove", { ...all.at(8), buttons: 0 }),
      (all: ReturnType<typeof painted>) => all.pointer("pointercancel", {}),
    ]) {
      const all = painted();
      all.drag(all.at(5), all.at(6));
      giveUp(all);
      all.pointer("pointermove", all.at(7));
      expect(all.told.slice(2)).toEqual([["lift", false]]);
    }
  });

  test("a drag with Ctrl or Alt is a rubber band", () => {
    for (const key of [ctrl, { altKey: true }]) {
      const { drag, at, told, selected, band } = painted();
      drag(at(12), at(6), key);
      expect([told, selected(), band.hidden]).toEqual([[], [6, 7, 11, 12], false]);
    }
  });

  test("a wall on which clicks select has no brush then", () => {
    const { made, click, told, selected } = painted();
    made.brush = null;
    click(4);
    expect([told, selected()]).toEqual([[], [4]]);
  });

  test("a tap dabs, a finger that was held paints, one that moves at once scrolls", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { click, pointer, drag, at, told, frame } = painted();
    click(6, touch);
    drag(at(0), at(10), touch);
    mock.timers.tick(1000);
    pointer("pointerup", { ...at(10), ...touch });
    expect(told.splice(0)).toEqual([["dab", 6]]);
    pointer("pointerdown", { ...at(2), ...touch });
    mock.timers.tick(1000);
    expect(frame.fire("touchmove").defaultPrevented).toBe(true);
    pointer("pointermove", { ...at(4), ...touch });
    pointer("pointerup", { ...at(4), ...touch });
    expect(told).toEqual([["stroke", 2], ["stroke", 3, 4], ["lift", true]]);
    mock.timers.reset();
  });

  test("Space is the widget's, with Ctrl it selects", () => {
    const { frame, selected } = painted();
    expect(frame.press(" ").defaultPrevented).toBe(false);
    expect(selected()).toEqual([]);
    frame.press(" ", ctrl);
    expect(selected()).toEqual([0]);
  });

  test("the mouse is somewhere until it leaves or the keyboard goes on", () => {
    const { pointer, at, made, frame } = painted();
    const { clientX: x, clientY: y } = at(3);
    pointer("pointermove", at(3));
    expect(made.hovered).toEqual({ x, y });
    frame.press("ArrowRight");
    expect(made.hovered).toBe(null);
    pointer("pointermove", at(3));
    pointer("pointerleave", {});
    expect(made.hovered).toBe(null);
  });
});

describe("fingers on a wall", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("a finger that moves at once scrolls, and selects nothing", () => {
    const { drag, at, selected, pointer } = wall();
    drag(at(0), at(10), touch);
    mock.timers.tick(1000);
    pointer("pointerup", { ...at(10), ...touch });
    expect(selected()).toEqual([]);
  });

  test("a finger that was held selects what it goes over, and the page does not scroll with it", () => {
    const { pointer, at, selected, frame } = wall();
    pointer("pointerdown", { ...at(2), ...touch });
    expect(frame.fire("touchmove").defaultPrevented).toBe(false);
    mock.timers.tick(1000);
    expect(selected()).toEqual([2]);
    pointer("pointermove", { ...at(8), ...touch });
    expect(selected()).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(frame.fire("touchmove").defaultPrevented).toBe(true);
    pointer("pointermove", { ...at(4), ...touch });
    expect(selected()).toEqual([2, 3, 4]);
  });

  test("a tap gives the keyboard; once something is selected it selects one more or less", () => {
    const { click, selected, made, pointer, at } = wall();
    click(6, touch);
    expect([selected(), made.position]).toEqual([[], 6]);
    pointer("pointerdown", { ...at(1), ...touch });
    mock.timers.tick(1000);
    pointer("pointerup", { ...at(1), ...touch });
    click(6, touch);
    expect(selected()).toEqual([1, 6]);
    click(1, touch);
    expect(selected()).toEqual([6]);
  });
});

describe("keys on a wall", () => {
  const keys = (...names: string[]) => {
    const all = wall();
    names.forEach((name) => all.frame.press(name));
    return all;
  };

  test("arrows go to the neighbors, rows and ends, and never beyond", () => {
    expect(keys("ArrowRight", "ArrowDown").made.position).toBe(1 + COLUMNS);
    expect(keys("ArrowLeft", "ArrowUp").made.position).toBe(0);
    expect(keys("End", "ArrowRight", "ArrowDown").made.position).toBe(19);
    expect(keys("End", "ArrowUp", "Home").made.position).toBe(0);
    expect(keys("PageDown").made.position).toBe(2 * COLUMNS);
  });

  test("with Shift they select on the way, and back again", () => {
    const { frame, selected } = keys("ArrowRight");
    frame.press("ArrowRight", shift);
    frame.press("ArrowDown", shift);
    expect(selected()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    frame.press("ArrowUp", shift);
    expect(selected()).toEqual([1, 2]);
  });

  test("space selects, Ctrl + A all, Escape nothing", () => {
    const { frame, selected } = keys("ArrowRight", " ");
    expect(selected()).toEqual([1]);
    frame.press(" ");
    expect(selected()).toEqual([]);
    frame.press("a", ctrl);
    expect(selected()).toHaveLength(20);
    expect(frame.press("Escape").defaultPrevented).toBe(true);
    expect(selected()).toEqual([]);
  });

  test("keys that are held down select and open once", () => {
    const { frame, selected, made } = keys(" ", "Enter");
    for (const key of [" ", "Enter"]) expect(frame.press(key, { repeat: true }).defaultPrevented).toBe(true);
    expect([selected(), made.opened]).toEqual([[0], 1]);
  });

  test("what is not the wall's goes on to the widget", () => {
    const { frame, made } = wall();
    const widget = new FakeElement("div");
    widget.append(frame);
    const heard: unknown[] = [];
    widget.addEventListener("keydown", ({ key }) => heard.push(key));
    for (const key of ["d", "Escape", "ArrowRight", "+", "Enter"]) frame.press(key);
    frame.press("ArrowRight", ctrl);
    expect(heard).toEqual(["d", "Escape", "ArrowRight"]);
    expect([made.position, made.tileSide, made.opened]).toEqual([1, 125, 1]);
  });

  test("a closed wall hears nothing", () => {
    const { frame, made, stop } = wall();
    stop.abort();
    frame.press("ArrowRight");
    expect(made.position).toBe(0);
  });
});
