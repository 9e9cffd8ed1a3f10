import { test } from "node:test";
import { expect } from "expect";
import { Finder } from "../src/pattern_hits/finder";
import type { Hello } from "../src/pattern_hits/protocol";
import { Outbox } from "../src/shared/outbox";
import { Requests } from "../src/shared/requests";
import { FakeKernel, settled } from "./fake_kernel";
import { FakeElement, real, shelf } from "./fake_page";

function finding() {
  const kernel = new FakeKernel();
  const root = new FakeElement("div");
  const requests = new Requests(kernel.model);
  const page = { position: 0, image: "a.png", width: 100, height: 50, reduction: 1, problem: null };
  const hello: Hello = {
    ...{ log: "log", logName: "a.db", annotator: "ada", note: "", canvas: "", queue: "q", classes: ["crack"] },
    ...{ page, said: {}, images: 1, heat: false, state: { search: 0, first: 0, count: 0, done: true } },
  };
  const finder = new Finder(real(root), requests, hello, null);
  const close = () => {
    finder.dispose();
    requests.dispose();
  };
  return { kernel, root, close };
}

test("where there are no heat maps, none is asked for", () => {
  const { kernel, root, close } = finding();
  root.press("h");
  expect((root.elements.at(-1) as FakeElement).textContent).toBe("there are no heat maps");
  expect(kernel.of("heat")).toEqual([]);
  close();
});

test("what a dead kernel did not take is sent by the next page", async () => {
  shelf.clear();
  const never = () => new Promise<null>(() => {});
  const before = new Outbox("ig_widgets:log:ada:hits:", shelf, never, () => {});
  const gesture = { action: "a", kind: "say", statements: [] };
  before.push(gesture);
  const { kernel, close } = finding();
  await settled();
  expect(kernel.of("act").map(({ args }) => args.gesture)).toMatchObject([{ action: "a" }]);
  close();
  shelf.clear();
});
