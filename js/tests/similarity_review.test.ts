import { beforeEach, describe, test } from "node:test";
import { expect } from "expect";
import { unpacked } from "../src/shared/packing";
import { Requests } from "../src/shared/requests";
import type { RowsGesture } from "../src/shared/wall/rows_session";
import type { Hello, Says } from "../src/similarity_review/protocol";
import { Review } from "../src/similarity_review/review";
import { FakeKernel, message, settled } from "./fake_kernel";
import { FakeElement, page, real, shelf } from "./fake_page";
import { opened, tried } from "./opened";

const COUNT = 6;
const CLASSES = ["hat", "shoe", "bag"];

const hello: Hello = {
  ...{ count: COUNT, shown: COUNT, revision: 0, rows: "these six", sheet: null, left: [2, 1, 3], classes: CLASSES, offered: 2 },
  ...{ orders: ["given order", "backwards"], groupings: ["shape"], neighbors: false },
  ...{ log: "log", logName: "a.db", annotator: "ada", note: "", end: null },
};

const ORDERS: Record<string, number[]> = { "given order": [0, 1, 2, 3, 4, 5], backwards: [5, 4, 3, 2, 1, 0] };
const GIVEN = Uint16Array.from([0, 1, 0, 1, 0, 2]);

/** A review of six images, of which the kernel saves what is said. */
async function review() {
  const kernel = new FakeKernel();
  const [seen, states, labels] = [new Uint8Array(COUNT), new Uint8Array(COUNT), GIVEN.slice()];
  let revision = 0;
  kernel.answers.columns = ({ start }) => {
    const part = <C extends Uint8Array | Uint16Array>(column: C) => column.slice(Number(start)) as C;
    const told = { revision, count: COUNT, left: [2, 1, 3] };
    return [told, message(part(seen), part(states), part(labels), GIVEN.slice(Number(start)))];
  };
  kernel.answers.order = ({ name }) => [{ count: COUNT }, message(Int32Array.from(ORDERS[String(name)] as number[]))];
  kernel.answers.grouping = () => [
    { count: COUNT, names: ["round", "long", "none"] },
    message(Int32Array.from([1, 1, 0, 0, 2, 2])),
  ];
  const root = new FakeElement("div");
  const requests = new Requests(kernel.model);
  const made = new Review(real(root), requests, hello);
  await settled();
  /** The kernel knows this of some images now, and tells all views. */
  const decide = (items: number[], state: number) => {
    for (const item of items) [seen[item], states[item]] = [1, state];
    const columns = [Int32Array.from(items), Uint8Array.from(items, () => 1), Uint8Array.from(items, () => state)];
    const news = { news: { changed: { revision: ++revision, left: [2, 1, 3] } } };
    kernel.tell(news, message(...columns, Uint16Array.from(items, (item) => labels[item] as number)));
  };
  const choose = async (label: string, index: number) => {
    const list = root.find(label);
    list.selectedIndex = index;
    list.fire("change");
    await settled();
  };
  return { ...opened<RowsGesture & Partial<Says>>(kernel, root, made.view, requests), decide, choose };
}

type Open = Awaited<ReturnType<typeof review>>;

const trying = (use: (open: Open) => Promise<void> | void) => tried(review(), use);

/** What gestures say, and about which images. */
const said = (gestures: (RowsGesture & { says?: string; label?: string })[]) =>
  gestures.map(({ kind, items, says, label }) =>
    items === undefined ? kind : [kind === "say" ? (label ?? says) : kind, ...unpacked(items)],
  );

describe("Review", () => {
  beforeEach(() => shelf.clear());

  test("a mark shows at once, and is saved when the kernel says so", () =>
    trying(async ({ wall, counts, saved, told, gestures, decide, answer }) => {
      expect(counts()).toBe("reviewed 0 of 6");
      wall.press("x");
      expect(counts()).toBe("reviewed 1 of 6 · 1 error, 100 per 100 looked at · about 2 left (1–3)");
      expect([saved(), told()]).toEqual(["Saving …", "1 image marked as wrong"]);
      await settled();
      expect(gestures()).toMatchObject([{ kind: "say", says: "wrong", rows: "these six" }]);
      decide([0], 1);
      await answer(1);
      expect(counts()).toContain("1 error,");
      expect([saved(), shelf.length]).toEqual(["Saved", 0]);
    }));

  test("what came with the state is shown while the kernel says nothing", async () => {
    const kernel = new FakeKernel();
    const columns = [Uint8Array.of(1, 0, 0, 0, 0, 0), Uint8Array.of(1, 0, 0, 0, 0, 0), GIVEN, GIVEN];
    const buffers = message(...columns, new Uint8Array(0), Int32Array.of(5, 4, 3, 2, 1, 0));
    const root = new FakeElement("div");
    const requests = new Requests(kernel.model);
    const sheet = { level: 128, items: [], places: [], problems: [] };
    const made = new Review(real(root), requests, { ...hello, sheet }, buffers);
    await settled();
    await tried(Promise.resolve(opened<RowsGesture>(kernel, root, made.view, requests)), async ({ counts, wall, gestures }) => {
      expect(counts()).toContain("reviewed 1 of 6 · 1 error,");
      expect(kernel.asked.map(({ op }) => op)).not.toContain("columns");
      wall.press("Home");
      wall.press("x");
      await settled();
      expect(said(gestures())).toEqual([["wrong", 4]]); // the first hat of that order
    });
  });

  test("U goes to the first image that was not looked at", () =>
    trying(async ({ wall, decide, told, gestures, answer }) => {
      decide([0, 2], 0);
      wall.press("u");
      wall.press("x");
      await settled();
      await answer(1);
      expect(said(gestures())).toEqual([["wrong", 4]]); // the third hat
      decide([1, 3, 4, 5], 0);
      wall.press("u");
      expect(told()).toBe("every image shown was looked at");
    }));

  test("chips tell how many images have each class, what is not saved yet included", () =>
    trying(async ({ wall, root, gestures, answer }) => {
      const chips = () => root.find("ig-chips").querySelectorAll("button");
      const counts = () => root.find("ig-chips").querySelectorAll("small").map((count) => count.textContent);
      expect(counts()).toEqual(["3", "2"]);
      (chips()[1] as FakeElement).click();
      expect(counts()).toEqual(["2", "3"]);
      expect(page.activeElement).toBe(wall);
      await settled();
      await answer(1);
      expect(said(gestures())).toEqual([["shoe", 0]]);
    }));

  test("X marks or takes back, digits give a class that is offered, Backspace takes back", () =>
    trying(async ({ wall, gestures, answer }) => {
      for (const key of ["x", " "]) wall.press(key);
      wall.press("2", { code: "Digit2" });
      wall.press("3", { code: "Digit3" }); // a label that is not offered
      wall.press("Backspace");
      wall.press("Backspace"); // there is nothing to take back any more
      for (let i = 0; i < 4; i++) {
        await settled();
        await answer(1);
      }
      expect(said(gestures())).toEqual([["wrong", 0], ["nothing", 0], ["shoe", 0], ["nothing", 0]]);
    }));

  test("what is done to the selected images is one gesture, and says nothing where there is nothing new", () =>
    trying(async ({ wall, counts, gestures, answer }) => {
      wall.press("x");
      wall.press("a", { ctrlKey: true });
      expect(counts()).toMatch(/^6 selected · /);
      wall.press("x");
      await settled();
      await answer(1);
      await answer(5);
      expect(said(gestures())).toEqual([["wrong", 0], ["wrong", 1, 2, 3, 4, 5]]);
    }));

  test("an undo of what a busy kernel has not saved shows at once, and is sent", () =>
    trying(async ({ wall, counts, gestures, answer }) => {
      wall.press("x");
      wall.press("ArrowRight");
      wall.press("x");
      wall.press("z", { ctrlKey: true });
      expect(counts()).toContain("1 error,");
      wall.press("z", { ctrlKey: true, shiftKey: true });
      expect(counts()).toContain("2 errors,");
      for (let i = 0; i < 4; i++) {
        await settled();
        await answer(1);
      }
      expect(gestures().map(({ kind }) => kind)).toEqual(["say", "say", "undo", "redo"]);
      expect(gestures()[2]).toMatchObject({ of: gestures()[1]?.action });
    }));

  test("an undo of what is saved waits for the kernel to know what that is", () =>
    trying(async ({ wall, counts, told, decide, answer }) => {
      decide([3], 1);
      wall.press("z", { ctrlKey: true });
      await settled();
      expect(counts()).toContain("1 error,");
      decide([3], 0);
      await answer(1);
      expect(counts()).toContain("0 errors,");
      expect(told()).toBe("undo: 1 image");
    }));

  test("what was said before a reload is shown and sent, but not what is of other labels", async () => {
    const keep = (name: string, gesture: object) => shelf.setItem(`ig_widgets:log:ada:labels:${name}`, JSON.stringify(gesture));
    keep("1-a", { action: "a", kind: "say", says: "wrong", rows: "these six", count: COUNT, items: [2] });
    keep("2-b", { action: "b", kind: "look", rows: "these six", count: COUNT, items: [4] });
    keep("3-c", { action: "c", kind: "say", says: "wrong", rows: "others", count: COUNT, items: [3] });
    await trying(async ({ counts, gestures, answer, kernel, saved }) => {
      expect(counts()).toContain("reviewed 2 of 6 · 1 error,");
      await answer(1);
      await answer(1);
      expect(gestures().map(({ action }) => action)).toEqual(["a", "b", "c"]);
      kernel.tell({ id: kernel.of("act").at(-1)?.id, ok: { elsewhere: true } });
      await settled();
      expect(counts()).toContain("reviewed 2 of 6 · 1 error,");
      expect(saved()).toBe("Saved · 1 change about other images waits in this browser");
    });
  });

  test("a look between an undo and a redo changes neither", async () => {
    const waiting = [
      { action: "a", kind: "say", says: "wrong", items: [2] },
      { action: "b", kind: "undo", of: "a" },
      { action: "c", kind: "look", items: [4] },
    ];
    waiting.forEach((gesture, i) => {
      shelf.setItem(`ig_widgets:log:ada:labels:${i}`, JSON.stringify({ rows: "these six", count: COUNT, ...gesture }));
    });
    await trying(({ wall, counts }) => {
      expect(counts()).toContain("reviewed 1 of 6 · 0 errors,");
      wall.press("y", { ctrlKey: true });
      expect(counts()).toContain("reviewed 2 of 6 · 1 error,");
    });
  });

  test("another order is asked for once, and the image with the keyboard stays", () =>
    trying(async ({ kernel, wall, choose, gestures }) => {
      wall.press("ArrowRight");
      for (const order of [1, 0, 1]) await choose("Order", order);
      expect(kernel.of("order").map(({ args }) => args.name)).toEqual(["given order", "backwards"]);
      wall.press("x");
      await settled();
      expect(said(gestures())).toEqual([["wrong", 2]]); // the second hat
    }));

  test("groups are those of the kernel, of the label, or none", () =>
    trying(async ({ kernel, choose, wall, gestures, answer }) => {
      for (const [grouping, first] of [
        [2, 2],
        [1, 0],
        [0, 0],
      ] as const) {
        await choose("Group by", grouping);
        wall.press("Home");
        wall.press("x");
        await settled();
        await answer(1);
        wall.press("Backspace");
        await settled();
        await answer(1);
        expect(said(gestures()).at(-2)).toEqual(["wrong", first]);
      }
      expect(kernel.of("grouping")).toHaveLength(1);
    }));

  test("a filter keeps what was changed until it is applied again, and says what would leave and come", () =>
    trying(async ({ wall, root, choose, decide, counts }) => {
      decide([0, 1, 2], 1);
      await choose("Show", 1);
      const again = () => root.find("ig-bar").querySelectorAll("button").find((one) => one.textContent.startsWith("Apply"));
      expect([again()?.hidden, again()?.textContent]).toEqual([false, "Apply again"]);
      wall.press("Home");
      wall.press("x");
      decide([4], 1);
      expect(again()?.textContent).toBe("Apply again (−1 +1)");
      wall.press("a", { ctrlKey: true });
      expect(counts()).toMatch(/^3 selected/);
      wall.press("r");
      await settled();
      expect(again()?.textContent).toBe("Apply again");
      wall.press("a", { ctrlKey: true });
      expect(counts()).toMatch(/^3 selected/);
      await choose("Show", 0);
      expect(again()?.hidden).toBe(true);
    }));

  test("in the zoom keys are about the image that is seen, whatever is selected", () =>
    trying(async ({ wall, root, gestures }) => {
      wall.press("a", { ctrlKey: true });
      wall.press("Enter");
      expect(root.classes.has("ig-zoomed")).toBe(true);
      wall.press("x");
      await settled();
      expect(said(gestures())).toEqual([["wrong", 0]]);
      wall.press("Escape"); // selects nothing
      wall.press("Escape");
      expect(root.classes.has("ig-zoomed")).toBe(false);
      expect(page.activeElement).toBe(wall);
    }));

  test("who has missed news reads everything again", () =>
    trying(async ({ kernel, counts }) => {
      kernel.tell({ news: { changed: { revision: 7, left: [0, 0, 0] } } }, message(Int32Array.of(1), Uint8Array.of(1), Uint8Array.of(1)));
      await settled();
      expect(kernel.of("columns")).toHaveLength(2);
      expect(counts()).toBe("reviewed 0 of 6");
    }));

  test("a change that the kernel refuses is taken back when it is given up", () =>
    trying(async ({ wall, counts, kernel, root }) => {
      wall.press("x");
      await settled();
      kernel.tell({ id: kernel.of("act")[0]?.id, error: { message: "the disk is full", details: "" } });
      await settled();
      expect(counts()).toContain("1 error,");
      root.find("Give up this change").click();
      expect(counts()).toBe("reviewed 0 of 6");
    }));

  test("the tool that selects is switched by key and button", () =>
    trying(({ wall, root, told }) => {
      const pressed = () => root.find("Select").getAttribute("aria-pressed");
      expect(pressed()).toBe("false");
      wall.press("v");
      expect([pressed(), told()]).toEqual(["true", "clicks and drags select"]);
      root.find("Select").click();
      expect(pressed()).toBe("false");
    }));
});
