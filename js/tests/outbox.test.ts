import { beforeEach, describe, test } from "node:test";
import { expect } from "expect";
import { type Entry, Outbox } from "../src/shared/outbox";

class Shelf implements Storage {
  private readonly items = new Map<string, string>();
  get length() {
    return this.items.size;
  }
  clear() {
    this.items.clear();
  }
  getItem(name: string) {
    return this.items.get(name) ?? null;
  }
  key(index: number) {
    return [...this.items.keys()][index] ?? null;
  }
  removeItem(name: string) {
    this.items.delete(name);
  }
  setItem(name: string, value: string) {
    this.items.set(name, value);
  }
}

const never = () => new Promise<boolean>(() => {});
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
let shelf: Shelf;
beforeEach(() => {
  shelf = new Shelf();
});

const outbox = (deliver: (entry: Entry) => Promise<boolean>) => new Outbox<Entry>("ours:", shelf, deliver, () => {});

describe("Outbox", () => {
  test("what was not acknowledged is delivered by the next page, in order", async () => {
    const closed = outbox(never);
    for (const action of ["c", "a", "b"]) closed.push({ action });
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
    for (const action of ["a", "b", "c"]) busy.push({ action });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(busy.waiting).toEqual([]);
    expect(most).toBe(1);
  });

  test("a refused entry stays, and the ones behind it wait", async () => {
    let full = true;
    const delivered: string[] = [];
    const refused = outbox(async ({ action }) => {
      if (full) throw new Error("the disk is full");
      return delivered.push(action) > 0;
    });
    refused.push({ action: "a" });
    refused.push({ action: "b" });
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
    picky.push({ action: "bad" });
    picky.push({ action: "good" });
    await settled();
    picky.discard();
    await settled();
    expect(delivered).toEqual(["good"]);
    expect(shelf.length).toBe(0);
  });

  test("two outboxes of one page do not overwrite each other's entries", () => {
    const one = outbox(never);
    const two = outbox(never);
    one.push({ action: "a" });
    two.push({ action: "b" });
    one.push({ action: "c" });
    expect(new Set(outbox(never).waiting.map((entry) => entry.action))).toEqual(new Set(["a", "b", "c"]));
  });

  test("a full storage loses nothing while the page lives", () => {
    shelf.setItem = () => {
      throw new Error("QuotaExceededError");
    };
    const full = outbox(never);
    full.push({ action: "a" });
    expect(full.waiting).toHaveLength(1);
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
    for (const action of ["theirs", "ours"]) ours.push({ action });
    await settled();
    expect(delivered).toEqual(["ours"]);
    expect(ours.waiting).toEqual([]);
    expect(outbox(never).waiting.map((entry) => entry.action)).toEqual(["theirs"]);
  });
});
