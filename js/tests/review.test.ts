import { afterEach, beforeEach, describe, test } from "node:test";
import { expect } from "expect";
import { Requests } from "../src/shared/requests";
import type { Hello, Page, Proposal, Shown } from "../src/peer_review/protocol";
import { Review } from "../src/peer_review/review";
import { FakeKernel, settled } from "./fake_kernel";
import { FakeElement, page as browser, real, shelf } from "./fake_page";

const proposal = (x: number, yours = false): Proposal => ({
  ...{ key: "", label: "crack", x, y: 10, width: 20, height: 10, outlier: true, yours, annotators: "ann" },
  ...{ members: [], mine: null, votes: [1, 0], accepted: null, remarks: [] },
});

/** Image 0 has a box of others and one of the reviewer's own, and two more; the others have as many as are asked for. */
const shown = (position: number, boxes: Proposal[]): Shown => {
  const stage = { position, image: `${position}.png`, width: 100, height: 50, reduction: 1, problem: null };
  const page: Page = { ...stage, proposals: boxes, remarks: [], whole: [] };
  return { page, progress: { images: 3, done: 0, boxes: 4, next: 0 } };
};

const first = [proposal(10), proposal(40), proposal(70, true)];

function reviewing() {
  const kernel = new FakeKernel();
  const root = new FakeElement("div");
  const requests = new Requests(kernel.model);
  const hello: Hello = {
    ...{ log: "log", logName: "a.db", annotator: "cy", note: "", end: null, canvas: "", queue: "q", classes: ["crack"], images: 3 },
    ...{ rule: "two of three", guidelines: "", ...shown(0, first) },
  };
  const review = new Review(real(root), requests, hello, null);
  return {
    ...{ kernel, root },
    rows: () => root.querySelectorAll("button").filter((button) => button.classes.has("ig-row")).length,
    image: () => root.find("ig-image").textContent,
    told: () => (root.elements.at(-1) as FakeElement).textContent,
    news: (told: Shown, turned: boolean) => kernel.tell({ news: { ...told, turned } }),
    answer: (op: string, ok: object) => kernel.tell({ id: kernel.of(op).at(-1)?.id, ok }),
    close: () => {
      review.session.dispose();
      requests.dispose();
    },
  };
}

describe("Review", () => {
  let open: ReturnType<typeof reviewing>;
  beforeEach(() => {
    shelf.clear();
    open = reviewing();
  });
  afterEach(() => open.close());

  test("a vote says what it did, and which box is next", () => {
    open.root.press("a");
    expect(open.told()).toBe("accepted, now crack, by ann, not judged");
  });

  test("a row stays the button it was, whatever is said: a finger may be on it", () => {
    const rows = () => open.root.querySelectorAll("button").filter((button) => button.classes.has("ig-row"));
    const before = rows();
    open.root.press("r");
    expect(rows()).toHaveLength(before.length);
    rows().forEach((row, i) => expect(row === before[i]).toBe(true));
    expect(rows()[0]?.textContent).toContain("1 against");
  });

  test("who drew a box is told where to change it", () => {
    const rows = open.root.querySelectorAll("button").filter((button) => button.classes.has("ig-row"));
    rows[2]?.click();
    expect(browser.activeElement).toBe(open.root); // Space would press the row again
    open.root.press("1", { code: "Digit1" });
    expect(open.told()).toBe("you drew this box: change it where you drew it");
    expect(open.kernel.of("act")).toEqual([]);
  });

  test("what is said about the next image while it is on its way is shown when it is there", async () => {
    open.root.press("PageDown");
    open.answer("show", { ...shown(1, []), painted: false });
    open.news(shown(1, first), false);
    expect(open.image()).toBe("0.png");
    await settled();
    expect([open.image(), open.rows()]).toEqual(["1.png", 3]);
  });

  test("the page that another view turns to last is the one that is shown", async () => {
    open.root.press("PageDown");
    open.news(shown(2, []), true);
    open.news(shown(1, []), true); // our own
    open.answer("show", { ...shown(1, []), painted: false });
    await settled();
    expect(open.image()).toBe("1.png");
    open.root.press("PageUp");
    open.news(shown(0, first), true);
    open.answer("show", { ...shown(0, first), painted: false });
    open.news(shown(2, []), true);
    await settled();
    expect(open.image()).toBe("2.png");
  });

  test("what is said while a box is moved is shown afterwards", async () => {
    open.root.press("ArrowRight");
    open.news(shown(0, [...first, proposal(5)]), false);
    expect(open.rows()).toBe(3);
    open.root.press("Escape");
    await settled();
    expect(open.rows()).toBe(5); // with the box that was moved
  });

  test("a vote that a dead kernel did not take is shown and sent by the next page", async () => {
    open.kernel.deaf = true;
    open.root.press("r");
    open.close();
    open = reviewing();
    const [row] = open.root.querySelectorAll("button").filter((button) => button.classes.has("ig-row"));
    expect(row?.textContent).toContain("1 against");
    await settled();
    expect(open.kernel.of("act")).toHaveLength(1);
    expect(open.kernel.of("act")[0]?.args.gesture).toMatchObject({ image: "0.png" });
  });

  test("without a kernel a vote waits, and an undo of it names it", async () => {
    open.kernel.gone = true;
    open.root.press("a");
    open.root.press("z", { ctrlKey: true });
    await settled();
    const [vote, undo] = Array.from({ length: 2 }, (_, i) => JSON.parse(shelf.getItem(shelf.key(i) as string) as string));
    expect(undo).toMatchObject({ kind: "undo", of: vote.action, queue: "q" });
    expect(open.root.find("ig-trouble").textContent).toContain("run this cell again");
  });
});
