import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { expect } from "expect";
import type { Hello } from "../src/shared/hello";
import { open } from "../src/shared/opening";
import { FakeKernel, settled } from "./fake_kernel";
import { FakeElement, real } from "./fake_page";

const hello = (note = ""): Hello => ({ log: "x", logName: "a.db", annotator: "ada", note });

/** @param ready when the widget's own building ends */
function opening(ready: Promise<unknown> = Promise.resolve()) {
  const kernel = new FakeKernel();
  const cell = new FakeElement("div");
  const course: string[] = [];
  const close = open<Hello>(kernel.model, real(cell), "Fine widget", { role: "group" }, async (root, _, { annotator }) => {
    root.append(`built for ${annotator}`);
    await ready;
    return { dispose: () => void course.push("disposed") };
  });
  const answer = (message: object) => kernel.tell({ id: kernel.asked[0]?.id, ...message });
  return { kernel, cell, course, close, answer };
}

describe("opening a widget", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("the widget is built of the kernel's answer, in an element with a name", async () => {
    const { cell, answer } = opening();
    expect(cell.textContent).toBe("Opening …");
    answer({ ok: hello() });
    await settled();
    expect(cell.textContent).toBe("built for ada");
    expect(cell.find("Fine widget: press ? for all keys").getAttribute("role")).toBe("group");
  });

  test("a note is shown above everything", async () => {
    const { cell, answer } = opening();
    answer({ ok: hello("the dev set is due") });
    await settled();
    expect(cell.textContent).toBe("the dev set is duebuilt for ada");
  });

  test("people are told when the kernel takes long, and not when it has answered", async () => {
    const { cell, answer } = opening();
    mock.timers.tick(2000);
    expect(cell.textContent).toContain("Waiting for the kernel");
    answer({ ok: hello() });
    await settled();
    mock.timers.tick(5000);
    expect(cell.textContent).toBe("built for ada");
  });

  test("an error of the kernel is shown, with its details", async () => {
    const { cell, answer } = opening();
    answer({ error: { message: "the images are gone", details: "Traceback …" } });
    await settled();
    expect(cell.textContent).toContain("could not be opened: the images are gone");
    expect(cell.textContent).toContain("Traceback …");
  });

  test("a closed widget says good-bye once, and listens no more", async () => {
    const { kernel, course, close, answer } = opening();
    answer({ ok: hello() });
    await settled();
    close();
    expect(course).toEqual(["disposed"]);
    expect(kernel.asked.map(({ op }) => op)).toEqual(["hello", "bye"]);
    expect(kernel.listeners.size).toBe(0);
  });

  test("what is built when the widget is closed already is disposed of, too", async () => {
    let build = (_: unknown) => {};
    const { course, close, answer } = opening(new Promise((resolve) => (build = resolve)));
    answer({ ok: hello() });
    await settled();
    close();
    expect(course).toEqual([]);
    build(null);
    await settled();
    expect(course).toEqual(["disposed"]);
  });

  test("nothing is built for an answer that comes after the end", async () => {
    const { cell, close, answer } = opening();
    close();
    answer({ ok: hello() });
    await settled();
    expect(cell.textContent).toBe("Opening …");
  });
});
