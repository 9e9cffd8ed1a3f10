import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { expect } from "expect";
import { Requests } from "../src/shared/requests";
import { LEVELS, levelFor, type Sheet, Thumbnails } from "../src/shared/wall/thumbnails";
import { FakeKernel, settled } from "./fake_kernel";
import "./fake_page";

const SIDE = 1000;
const bitmaps: { width: number; height: number; closed: number; close(): void }[] = [];
let now = 0;

/** Time goes on, for timers and for the clock. */
function tick(ms: number): void {
  for (let i = 0; i < ms; i += 10) {
    now += 10;
    mock.timers.tick(10);
  }
}

function looking() {
  const kernel = new FakeKernel();
  kernel.answers.wish = () => [{}];
  const course = { arrived: 0, failed: [] as string[] };
  const thumbnails = new Thumbnails(
    new Requests(kernel.model),
    () => course.arrived++,
    (error) => course.failed.push(error.message),
  );
  const wished = () => kernel.of("wish").map(({ args }) => args.items);
  /** The kernel sends a picture with some items beside each other. */
  const send = (items: number[], level = 128, change: Partial<Sheet> = {}) =>
    thumbnails.receive(
      {
        ...{ view: String(kernel.of("wish")[0]?.args.view), serial: 1, level, items, problems: [] },
        places: items.flatMap((_, i) => [i * level, 0, level, level / 2]),
        ...change,
      },
      items.length > 0 ? new DataView(new ArrayBuffer(8)) : undefined,
    );
  return { kernel, course, thumbnails, wished, send };
}

describe("Thumbnails", () => {
  beforeEach(() => {
    now = 1e6;
    bitmaps.length = 0;
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.method(performance, "now", () => now);
    Object.assign(globalThis, {
      createImageBitmap: async () => {
        const bitmap = { width: SIDE, height: SIDE, closed: 0, close: () => void bitmap.closed++ };
        bitmaps.push(bitmap);
        return bitmap;
      },
    });
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  test("the level is the smallest one that is sharp enough", () => {
    for (const side of [10, 64, 65, 200, 256, 257, 512]) {
      const level = levelFor(side, 1, 1);
      expect(level).toBeGreaterThanOrEqual(side);
      expect(LEVELS.filter((other) => other >= side && other < level)).toEqual([]);
    }
    expect(levelFor(100, 2, 1)).toBe(256);
    expect(levelFor(9000, 1, 1)).toBe(512);
  });

  test("no more is wished for than there is room for, and what is seen is not left out", () => {
    const { thumbnails, wished } = looking();
    thumbnails.wish(512, Array.from({ length: 1000 }, (_, i) => i));
    expect(wished()[0]).toHaveLength(73);
    expect(levelFor(300, 1, 73)).toBe(512);
    expect(levelFor(300, 1, 74)).toBe(256);
    expect(levelFor(300, 1, 1e6)).toBe(64);
  });

  test("an item is there once its picture has come, at its place in the picture", async () => {
    const { thumbnails, send, wished, course } = looking();
    thumbnails.wish(128, [7, 8]);
    expect(wished()).toEqual([[7, 8]]);
    expect(thumbnails.get(8)).toBeUndefined();
    await send([7, 8]);
    expect(thumbnails.get(8)).toMatchObject({ picture: bitmaps[0], x: 128, y: 0, width: 128, height: 64 });
    expect(course.arrived).toBe(1);
  });

  test("what is there, or cannot be shown, is not asked for; a larger size of it is", async () => {
    const { thumbnails, send, wished } = looking();
    thumbnails.wish(128, [1, 2, 3]);
    await send([1], 128, { problems: [[2, "damaged"]] });
    expect(thumbnails.problem(2)).toBe("damaged");
    tick(100);
    thumbnails.wish(128, [1, 2, 3, 4]);
    thumbnails.wish(64, [1, 2]);
    expect(wished().at(-1)).toEqual([3, 4]);
    tick(100);
    thumbnails.wish(256, [1, 2]);
    expect(wished().at(-1)).toEqual([1]);
  });

  test("a fast scroll asks for where it ends, and not on each of its steps", () => {
    const { thumbnails, wished } = looking();
    for (let item = 0; item < 40; item++) {
      thumbnails.wish(128, [item]);
      now += 1;
    }
    tick(100);
    expect(wished()).toEqual([[0], [39]]);
  });

  test("what is on its way is asked for again only when it does not come", () => {
    const { thumbnails, wished } = looking();
    for (let i = 0; i < 20; i++) {
      thumbnails.wish(128, [1, 2]);
      tick(100);
    }
    expect(wished()).toHaveLength(1);
    tick(2000);
    expect(wished()).toEqual([
      [1, 2],
      [1, 2],
    ]);
    tick(60_000); // ever more seldom: a busy kernel gets all of them
    expect(wished()).toHaveLength(5);
  });

  test("a picture for another view of the widget is left alone", async () => {
    const { thumbnails, send, course } = looking();
    thumbnails.wish(128, [1]);
    await send([1], 128, { view: "another" });
    expect(thumbnails.get(1)).toBeUndefined();
    expect(course.arrived).toBe(0);
  });

  test("after a restart numbers begin where the kernel begins, and nothing old is left", async () => {
    const { thumbnails, send, wished } = looking();
    thumbnails.wish(128, [0]);
    await send([0]);
    thumbnails.restart(50);
    expect(thumbnails.get(0)).toBeUndefined();
    expect(bitmaps[0]?.closed).toBe(1);
    tick(100);
    thumbnails.wish(128, [0, 1]);
    expect(wished().at(-1)).toEqual([50, 51]);
    await send([51]);
    expect(thumbnails.get(1)).toBeDefined();
  });

  test("memory is bounded: what was not looked at for longest is given back, each picture once", async () => {
    const { thumbnails, send } = looking();
    thumbnails.wish(128, [0]);
    for (let item = 0; item < 200; item++) {
      await send([item]);
      thumbnails.wish(128, [0, item]);
      thumbnails.get(0); // looked at all the time
      thumbnails.get(item);
    }
    const open = bitmaps.filter(({ closed }) => closed === 0);
    expect(open.length * 4 * SIDE * SIDE).toBeLessThanOrEqual(128e6);
    expect(open.length).toBeGreaterThan(10);
    expect(Math.max(...bitmaps.map(({ closed }) => closed))).toBe(1);
    expect(thumbnails.get(0)).toBeDefined();
    expect(thumbnails.get(199)).toBeDefined();
    expect(thumbnails.get(1)).toBeUndefined();
  });

  test("what has come larger does not go with its smaller picture", async () => {
    const { thumbnails, send } = looking();
    thumbnails.wish(128, [0]);
    await send([0], 64);
    await send([0], 128);
    for (let item = 1; item < 40; item++) {
      thumbnails.wish(128, [0]);
      thumbnails.get(0);
      await send([item]);
    }
    expect(bitmaps[0]?.closed).toBe(1);
    expect(thumbnails.get(0)?.picture).toBe(bitmaps[1]);
  });

  test("a closed wall asks for nothing more and gives everything back, also what comes too late", async () => {
    const { thumbnails, send, kernel, course } = looking();
    thumbnails.wish(128, [1]);
    await send([1]);
    thumbnails.dispose();
    await send([2]);
    thumbnails.wish(128, [3]);
    tick(10_000);
    await settled();
    expect(kernel.asked.map(({ op }) => op)).toEqual(["wish", "unwish"]);
    expect(bitmaps.map(({ closed }) => closed)).toEqual([1, 1]);
    expect(course.failed).toEqual([]);
  });
});
