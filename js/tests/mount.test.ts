import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { expect } from "expect";
import type { Hello } from "../src/shared/hello";
import { mount } from "../src/shared/mount";
import { FakeKernel, settled } from "./fake_kernel";
import { FakeElement, real } from "./fake_page";

const hello = (note = ""): Hello => ({ log: "x", logName: "a.db", annotator: "ada", note, end: null });

/**
 * @param ready when the widget's own building ends
 * @param first what travels with the widget's state
 */
function opening(ready: Promise<unknown> = Promise.resolve(), first?: FakeKernel["first"]) {
  const kernel = new FakeKernel();
  kernel.first = first;
  const cell = new FakeElement("div");
  const course: string[] = [];
  const close = mount<Hello>(kernel.model, real(cell), "Fine widget", { role: "group" }, async (root, _, { annotator }) => {
    root.append(`built for ${annotator}`);
    await ready;
    return {
      renew: ({ note }) => void course.push(`renewed: ${note}`),
      failed: ({ message }) => void course.push(`failed: ${message}`),
      dispose: () => void course.push("disposed"),
    };
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

  test("what travels with the state is shown at once; what is newer in the answer comes after it", async () => {
    const { cell, course, answer } = opening(Promise.resolve(), { value: hello("due"), buffers: [] });
    await settled();
    expect(cell.textContent).toBe("built for ada");
    answer({ ok: hello("two are left") });
    await settled();
    expect(course).toEqual(["renewed: two are left"]);
  });

  test("an answer that says the same changes nothing, and an error of the kernel is told in the widget", async () => {
    const there = { value: hello("due"), buffers: [] };
    const same = opening(Promise.resolve(), there);
    same.answer({ ok: hello("due") });
    await settled();
    expect(same.course).toEqual([]);
    const wrong = opening(Promise.resolve(), there);
    wrong.answer({ error: { message: "the images are gone", details: "" } });
    await settled();
    expect(wrong.course).toEqual(["failed: the images are gone"]);
    expect(wrong.cell.textContent).toBe("built for ada");
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
