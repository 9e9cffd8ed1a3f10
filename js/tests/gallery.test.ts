import { beforeEach, describe, test } from "node:test";
import { expect } from "expect";
import { Gallery } from "../src/pattern_gallery/gallery";
import type { Hello } from "../src/pattern_gallery/protocol";
import { unpacked } from "../src/shared/packing";
import { Requests } from "../src/shared/requests";
import type { RowsGesture } from "../src/shared/wall/rows_session";
import { FakeKernel, message, settled } from "./fake_kernel";
import { FakeElement, page, real, shelf } from "./fake_page";
import { opened, tried } from "./opened";

const hello: Hello = {
  ...{ count: 6, revision: 0, rows: "these six", sheet: null, classes: ["crack", "stain"], sortable: false, generators: ["policy"], making: null },
  ...{ log: "log", logName: "a.db", annotator: "ada", note: "", end: null },
};

/** A gallery of six patterns, of which the kernel tells so many at a time. */
async function gallery(atATime = 6) {
  const kernel = new FakeKernel();
  const [states, labels] = [new Uint8Array(6), Uint16Array.from([0, 1, 0, 1, 0, 1])];
  let revision = 0;
  kernel.answers.columns = (args) => {
    const start = Number(args.start);
    const rows = Math.min(atATime, 6 - start);
    const part = <C extends Uint8Array | Uint16Array>(column: C) => column.slice(start, start + rows);
    const rest = [new Int32Array(rows).fill(-1), new Float32Array(rows).fill(Number.NaN)];
    const told = { revision, classes: ["crack", "stain"], count: 6 };
    return [told, message(new Uint8Array(rows), part(states), part(labels), ...rest)];
  };
  const root = new FakeElement("div");
  const requests = new Requests(kernel.model);
  const made = new Gallery(real(root), requests, hello);
  await settled();
  /** The kernel decides, and tells all views. */
  const decide = (items: number[], state: number) => {
    for (const item of items) states[item] = state;
    const columns = [Int32Array.from(items), Uint8Array.from(items, () => state), Uint16Array.from(items, (row) => row % 2)];
    kernel.tell({ news: { changed: { revision: ++revision, classes: ["crack", "stain"] } } }, message(...columns));
  };
  /** The kernel has decided something, and the news of it is lost. */
  const decideUnheard = (item: number, state: number) => {
    states[item] = state;
    revision++;
  };
  return { ...opened<RowsGesture>(kernel, root, made.view, requests), decide, decideUnheard };
}

type Open = Awaited<ReturnType<typeof gallery>>;

const trying = (use: (open: Open) => Promise<void> | void, atATime?: number) => tried(gallery(atATime), use);

describe("Gallery", () => {
  beforeEach(() => shelf.clear());

  test("patterns that come in parts are all there", () =>
    trying(({ counts, kernel }) => {
      expect(counts()).toBe("6 patterns, 0 dropped");
      expect(kernel.of("columns").map(({ args }) => args.start)).toEqual([0, 4]);
    }, 4));

  test("what is dropped is so at once, and saved when the kernel says so", () =>
    trying(async ({ wall, counts, saved, gestures, decide, answer }) => {
      wall.press("d");
      expect(counts()).toBe("6 patterns, 1 dropped");
      expect(saved()).toBe("Saving …");
      await settled();
      const [gesture] = gestures();
      expect(gesture).toMatchObject({ kind: "judge", present: false, rows: "these six", count: 6 });
      expect(unpacked(gesture?.items ?? [])).toEqual([0]);
      decide([0], 2);
      await answer(1);
      expect(counts()).toBe("6 patterns, 1 dropped");
      expect(saved()).toBe("Saved");
      expect(shelf.length).toBe(0);
    }));

  test("a judgment is about as few patterns as it can be: a restarted kernel has no others", () =>
    trying(async ({ kernel, wall, gestures, answer }) => {
      kernel.tell({ news: { grown: { count: 9, rows: "these nine" } } });
      await settled();
      wall.press("d");
      wall.press("z", { ctrlKey: true });
      await settled();
      await answer(1);
      expect(gestures()).toMatchObject([
        { kind: "judge", rows: "these six", count: 6 },
        { kind: "undo", rows: "these nine", count: 9 },
      ]);
    }));

  test("an answer that comes before the news of it changes nothing", () =>
    trying(async ({ wall, counts, answer }) => {
      wall.press("d");
      await settled();
      await answer(1);
      expect(counts()).toBe("6 patterns, 1 dropped");
    }));

  test("an undo of what a busy kernel has not saved shows at once, and is sent", () =>
    trying(async ({ wall, counts, gestures, decide, answer }) => {
      wall.press("d");
      wall.press("d");
      expect(counts()).toBe("6 patterns, 2 dropped");
      wall.press("z", { ctrlKey: true });
      expect(counts()).toBe("6 patterns, 1 dropped");
      wall.press("z", { ctrlKey: true, shiftKey: true });
      expect(counts()).toBe("6 patterns, 2 dropped");
      for (const state of [2, 2, 0, 2]) {
        await settled();
        decide([gestures().length === 1 ? 0 : 1], state);
        await answer(1);
      }
      expect(gestures().map(({ kind }) => kind)).toEqual(["judge", "judge", "undo", "redo"]);
      const [, second, undo, redo] = gestures();
      expect(undo).toMatchObject({ of: second?.action });
      expect(redo).toMatchObject({ of: undo?.action });
      expect(counts()).toBe("6 patterns, 2 dropped");
    }));

  test("an undo of what is saved waits for the kernel to know what that is", () =>
    trying(async ({ wall, counts, told, saved, decide, answer }) => {
      decide([3], 2);
      expect(counts()).toBe("6 patterns, 1 dropped");
      wall.press("z", { ctrlKey: true });
      await settled();
      expect(counts()).toBe("6 patterns, 1 dropped");
      expect(saved()).not.toBe("Saved");
      decide([3], 0);
      await answer(1);
      expect(counts()).toBe("6 patterns, 0 dropped");
      expect(told()).toBe("undo: 1 pattern");
    }));

  test("who has missed news reads everything again", () =>
    trying(async ({ kernel, decide, decideUnheard, counts }) => {
      decideUnheard(5, 2);
      decide([1], 2);
      await settled();
      expect(kernel.of("columns")).toHaveLength(2);
      expect(counts()).toBe("6 patterns, 2 dropped");
      decide([1], 0);
      expect(counts()).toBe("6 patterns, 1 dropped");
      expect(kernel.of("columns")).toHaveLength(2);
    }));

  test("what was said before a reload is shown and sent, but not what is of other patterns", async () => {
    const keep = (name: string, gesture: object) => {
      const entry = { kind: "judge", count: 6, present: false, ...gesture };
      shelf.setItem(`ig_widgets:log:ada:patterns:${name}`, JSON.stringify(entry));
    };
    keep("1-a", { action: "a", rows: "these six", items: [2] });
    keep("2-b", { action: "b", rows: "others", items: [3] });
    await trying(async ({ counts, gestures, answer, kernel, saved }) => {
      expect(counts()).toBe("6 patterns, 1 dropped");
      await answer(1);
      expect(gestures().map(({ action }) => action)).toEqual(["a", "b"]);
      kernel.tell({ id: kernel.of("act").at(-1)?.id, ok: { elsewhere: true } });
      await settled();
      expect(saved()).toBe("Saved · 1 change about other images waits in this browser");
    });
    expect([shelf.length, shelf.key(0)]).toEqual([1, "ig_widgets:log:ada:patterns:2-b"]);
  });

  test("a change that the kernel refuses is taken back when it is given up", () =>
    trying(async ({ wall, counts, kernel, root }) => {
      wall.press("d");
      await settled();
      kernel.tell({ id: kernel.of("act")[0]?.id, error: { message: "the disk is full", details: "" } });
      await settled();
      expect(counts()).toBe("6 patterns, 1 dropped");
      root.find("Give up this change").click();
      expect(counts()).toBe("6 patterns, 0 dropped");
    }));

  test("keys in a list are its own; Escape leads from there to the wall, where they work again", () =>
    trying(({ root, wall, counts }) => {
      for (const name of ["Sort", "Size of the tiles", "How many patterns to make"]) {
        const control = root.find(name);
        control.focus();
        const heard: string[] = [];
        const notebook = new FakeElement("div");
        notebook.append(root);
        notebook.addEventListener("keydown", ({ key }) => heard.push(String(key)));
        for (const key of ["d", "ArrowDown", "Enter"]) expect(control.press(key).defaultPrevented).toBe(false);
        expect(page.activeElement).toBe(control);
        control.press("Escape");
        expect(page.activeElement).toBe(wall);
        control.press("Tab");
        expect(heard).toEqual(["Tab"]);
      }
      expect(counts()).toBe("6 patterns, 0 dropped");
    }));

  test("a filter and a family show fewer, Escape shows all families again", () =>
    trying(({ root, wall, counts }) => {
      const label = root.find("Show class");
      label.selectedIndex = 2;
      label.fire("change");
      expect(counts()).toBe("3 of 6 patterns, 0 dropped");
      wall.press("f");
      expect(counts()).toBe("1 of 6 patterns, 0 dropped");
      wall.press("Escape");
      expect(counts()).toBe("3 of 6 patterns, 0 dropped");
    }));

  test("the pattern below the keyboard stays there, whatever is shown above it", () =>
    trying(async ({ root, wall, gestures }) => {
      const label = root.find("Show class");
      for (const chosen of [2, 0]) {
        label.selectedIndex = chosen;
        label.fire("change");
      }
      wall.press("d");
      await settled();
      const [gesture] = gestures();
      expect(unpacked(gesture?.items ?? [])).toEqual([1]);
    }));

  test("a pattern that is shown large can be closed by mouse", () =>
    trying(({ root, wall }) => {
      wall.press("z");
      expect(root.classes.has("ig-zoomed")).toBe(true);
      root.find("ig-close").click();
      expect(root.classes.has("ig-zoomed")).toBe(false);
      expect(page.activeElement).toBe(wall);
    }));

  test("while the help is open no key does anything but close it", () =>
    trying(({ wall, root, counts }) => {
      const help = root.find("Keys and gestures");
      wall.press("?");
      expect(help.hidden).toBe(false);
      expect(help.press("d").defaultPrevented).toBe(false); // keys that scroll do so here
      expect(counts()).toBe("6 patterns, 0 dropped");
      help.press("Escape");
      expect(help.hidden).toBe(true);
      expect(page.activeElement).toBe(wall);
    }));

  test("a button that was clicked gives the keys back to the wall, one that was pressed by key keeps them", () =>
    trying(({ root, wall, counts }) => {
      const drop = root.find("Drop");
      drop.focus();
      drop.click(0);
      expect(page.activeElement).toBe(drop);
      drop.click();
      expect(page.activeElement).toBe(wall);
      expect(counts()).toBe("6 patterns, 2 dropped");
    }));
});
