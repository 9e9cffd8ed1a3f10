import { afterEach, beforeEach, describe, test } from "node:test";
import { expect } from "expect";
import type { Hello } from "../src/shared/hello";
import type { KeyMap } from "../src/shared/keys";
import { Requests } from "../src/shared/requests";
import { Session } from "../src/shared/session";
import { FakeKernel, settled } from "./fake_kernel";
import { FakeElement, page, real, shelf } from "./fake_page";

interface Gesture {
  kind: "say" | "undo" | "redo";
  action: string;
  of?: string;
}

const hello = (more: Partial<Hello> = {}): Hello => ({ log: "x", logName: "a.db", annotator: "ada", note: "", end: null, ...more });

const END = { done: "All 3 images looked at.", next: "gadget.learn()" };

function working(first = hello()) {
  const kernel = new FakeKernel();
  const root = new FakeElement("div");
  const course: string[] = [];
  const keys: KeyMap = [["N", "nothing here"]];
  const session = new Session<{ do: string }, Gesture, { touched: number }, { page?: number }, Hello>(
    real(root),
    new Requests(kernel.model),
    first,
    {
      ...{ kind: "boxes", keys },
      commandOf: ({ key }) => (key === "?" ? { do: "help" } : key === "n" ? { do: "none" } : null),
      run: (command) => void course.push(command.do),
      focus: () => root.focus(),
      delivered: ({ kind }, { touched }) => void course.push(`delivered ${kind} ${touched}`),
      heard: ({ page }) => void course.push(`page ${page}`),
      renew: ({ note }) => void course.push(`renewed ${note}`),
      gaveUp: () => void course.push("gave up"),
      dispose: () => void course.push("disposed"),
    },
  );
  session.fill([session.saved]);
  const shown = (name: string) => [root.find(name).hidden, root.find(name).textContent];
  const close = () => {
    session.dispose();
    session.requests.dispose();
  };
  return { kernel, root, course, session, shown, close };
}

describe("Session", () => {
  let open: ReturnType<typeof working>;
  beforeEach(() => {
    shelf.clear();
    open = working();
  });
  afterEach(() => open.close());

  test("a key runs its command, and a gesture waits until it is in the log", async () => {
    const { kernel, root, course, session } = open;
    root.press("n");
    session.push({ kind: "say", action: "a" });
    expect(session.pending.map(({ action }) => action)).toEqual(["a"]);
    expect(root.find("ig-saved").textContent).toBe("Saving …");
    await settled();
    kernel.tell({ id: kernel.of("act")[0]?.id, ok: { touched: 1 } });
    await settled();
    expect(course).toEqual(["none", "delivered say 1"]);
    expect([session.pending, root.find("ig-saved").textContent]).toEqual([[], "Saved"]);
  });

  test("an undo names what waits, and says what it is about", () => {
    const { session } = open;
    session.push({ kind: "say", action: "a" });
    session.takeBack("undo", { image: "a.png" });
    session.takeBack("undo", { image: "a.png" }, []);
    expect(session.pending.slice(1)).toMatchObject([
      { kind: "undo", image: "a.png", of: "a" },
      { kind: "undo", image: "a.png" },
    ]);
    expect(session.pending[2]).not.toHaveProperty("of");
  });

  test("what an earlier view has left behind is delivered when the widget begins", async () => {
    const { kernel, session } = open;
    session.push({ kind: "say", action: "a" });
    const next = working();
    expect(next.session.pending.map(({ action }) => action)).toEqual(["a"]);
    void next.session.begin();
    await settled();
    expect(next.kernel.of("act")).toHaveLength(1);
    expect(kernel.of("act")).toHaveLength(1);
    next.close();
  });

  test("the status line shows the last sentence to everybody, and reads it again when it is said again", () => {
    const { root, session } = open;
    session.tell("box deleted");
    const line = root.find("ig-status");
    expect([line.textContent, line.getAttribute("aria-live")]).toEqual(["box deleted", "polite"]);
    const [sentence] = line.elements;
    session.tell("box deleted");
    expect(line.elements).toHaveLength(1);
    expect(line.elements[0]).not.toBe(sentence);
  });

  test("the note is there when there is one, and follows the kernel's news", () => {
    const { kernel, course, shown } = open;
    expect(shown("ig-note")).toEqual([true, ""]);
    kernel.tell({ news: { facts: { note: "two are left", end: null } } });
    expect(shown("ig-note")).toEqual([false, "two are left"]);
    expect(course).toEqual([]);
    kernel.tell({ news: { page: 3 } });
    expect(course).toEqual(["page 3"]);
  });

  test("the end says what was done and what to run next, until it is dismissed", () => {
    const { kernel, root, shown } = open;
    expect(shown("ig-end")[0]).toBe(true);
    kernel.tell({ news: { facts: { note: "", end: END } } });
    expect(shown("ig-end")).toEqual([false, "All 3 images looked at.Next: gadget.learn()Go on here"]);
    root.find("Go on here").click();
    expect([shown("ig-end")[0], page.activeElement]).toEqual([true, root]);
    kernel.tell({ news: { facts: { note: "", end: END } } });
    expect(shown("ig-end")[0]).toBe(true); // it says nothing new
    kernel.tell({ news: { facts: { note: "", end: null } } });
    kernel.tell({ news: { facts: { note: "", end: END } } });
    expect(shown("ig-end")[0]).toBe(false);
  });

  test("a widget that is opened when all is done says so at once", () => {
    const { shown, close } = working(hello({ end: { ...END, next: "" } }));
    expect(shown("ig-end")).toEqual([false, "All 3 images looked at.Go on here"]);
    close();
  });

  test("what is newer than the state is shown: its note too", () => {
    const { course, session, shown } = open;
    session.renew(hello({ note: "one is left" }), []);
    expect([course, shown("ig-note")[1]]).toEqual([["renewed one is left"], "one is left"]);
  });

  test("the help shows the widget's keys, and what holds in all widgets", () => {
    const { root } = open;
    root.press("?");
    const help = root.find("Keys and gestures").textContent;
    expect(help).toContain("nothing here");
    expect(help).toContain("The same in all widgets");
    expect(help).toContain("and on to the next");
    expect(help).not.toContain("the first one that is still to do"); // it has no U
  });
});
