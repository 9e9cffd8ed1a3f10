import { beforeEach, describe, test } from "node:test";
import { expect } from "expect";
import { type Entry, Outbox } from "../src/shared/outbox";
import { newShelf } from "./fake_page";

const never = () => new Promise<boolean>(() => {});
const entry = (action: string): Entry => ({ action, kind: "say" });
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
let shelf: Storage;
beforeEach(() => {
  shelf = newShelf();
});

/** @param deliver resolves to whether the entry is for this widget */
const outbox = (deliver: (entry: Entry) => Promise<boolean>, delivered: (entry: Entry) => void = () => {}) =>
  new Outbox<Entry, object>("ours:", shelf, async (one) => ((await deliver(one)) ? {} : null), delivered);

describe("Outbox", () => {
  test("what was not acknowledged is delivered by the next page, in order", async () => {
    const closed = outbox(never);
    for (const action of ["c", "a", "b"]) closed.push(entry(action));
    const delivered: string[] = [];
    const next = outbox(async ({ action }) => delivered.push(action) > 0);
    expect(next.waiting.map((entry) => entry.action)).toEqual(["c", "a", "b"]);
    await next.flush();
    expect(delivered).toEqual(["c", "a", "b"]);
    expect(shelf.length).toBe(0);
  });

  test("only one entry is on its way at a time", async () => {
    let under = 0;
    let most = 0;
    const busy = outbox(async () => {
      most = Math.max(most, ++under);
      await settled();
      under--;
      return true;
    });
    for (const action of ["a", "b", "c"]) busy.push(entry(action));
    while (busy.waiting.length > 0) await settled();
    expect(most).toBe(1);
  });

  test("a refused entry stays, and the ones behind it wait", async () => {
    let full = true;
    const delivered: string[] = [];
    const refused = outbox(async ({ action }) => {
      if (full) throw new Error("the disk is full");
      return delivered.push(action) > 0;
    });
    refused.push(entry("a"));
    refused.push(entry("b"));
    await settled();
    expect(refused.refusal?.message).toBe("the disk is full");
    expect(refused.waiting).toHaveLength(2);
    full = false;
    refused.retry();
    await settled();
    expect(delivered).toEqual(["a", "b"]);
    expect(refused.refusal).toBeNull();
  });

  test("a discarded entry is gone for good", async () => {
    const delivered: string[] = [];
    const picky = outbox(async ({ action }) => {
      if (action === "bad") throw new Error("unknown statement");
      return delivered.push(action) > 0;
    });
    picky.push(entry("bad"));
    picky.push(entry("good"));
    await settled();
    picky.discard();
    await settled();
    expect(delivered).toEqual(["good"]);
    expect(shelf.length).toBe(0);
  });

  test("two outboxes of one page do not overwrite each other's entries", () => {
    const one = outbox(never);
    const two = outbox(never);
    one.push(entry("a"));
    two.push(entry("b"));
    one.push(entry("c"));
    expect(new Set(outbox(never).waiting.map((entry) => entry.action))).toEqual(new Set(["a", "b", "c"]));
  });

  test("a full storage loses nothing while the page lives", () => {
    shelf.setItem = () => {
      throw new Error("QuotaExceededError");
    };
    const full = outbox(never);
    full.push(entry("a"));
    expect(full.waiting).toHaveLength(1);
  });

  test("a widget hears of what is on disk when that waits no more", async () => {
    const told: [string, number][] = [];
    const heard = outbox(
      async ({ action }) => action !== "theirs",
      ({ action }) => told.push([action, heard.waiting.length]),
    );
    for (const action of ["a", "theirs", "b"]) heard.push(entry(action));
    await settled();
    expect(told).toEqual([
      ["a", 2],
      ["b", 0],
    ]);
  });

  test("an error of the widget itself is not taken for a refusal", async () => {
    outbox(never).push(entry("a"));
    const bug = new Error("a bug in the drawing");
    const broken = outbox(
      async () => true,
      () => {
        throw bug;
      },
    );
    await expect(broken.flush()).rejects.toBe(bug);
    expect(broken.refusal).toBeNull();
    expect(broken.waiting).toEqual([]);
    expect(shelf.length).toBe(0);
  });

  test("other items of the storage are left alone", () => {
    shelf.setItem("theirs", "x");
    shelf.setItem("ours:broken", "not JSON");
    expect(outbox(never).waiting).toEqual([]);
    expect(shelf.getItem("theirs")).toBe("x");
  });

  test("what is for another widget stays in the storage for it, and blocks nothing", async () => {
    const delivered: string[] = [];
    const ours = outbox(async ({ action }) => action !== "theirs" && delivered.push(action) > 0);
    for (const action of ["theirs", "ours"]) ours.push(entry(action));
    await settled();
    expect(delivered).toEqual(["ours"]);
    expect(ours.waiting).toEqual([]);
    expect(ours.elsewhere).toBe(1);
    const theirs = outbox(async () => true);
    expect(theirs.waiting.map((entry) => entry.action)).toEqual(["theirs"]);
    await theirs.flush();
    expect(ours.elsewhere).toBe(0);
  });
});
