import { describe, test } from "node:test";
import { expect } from "expect";
import { boxButton, BoxList } from "../src/shared/stage/box_list";
import { fake, FakeElement, page, real } from "./fake_page";

function list(selected: { key: string | null }) {
  const panel = new FakeElement("div");
  const made = new BoxList(real(panel));
  panel.append(fake(made.root));
  const show = (...keys: string[]) =>
    made.show(
      keys.map((key) => {
        const select = () => {
          selected.key = key;
          show(...keys);
        };
        return { key, parts: [boxButton("red", key, "", key === selected.key, () => undefined, select)] };
      }),
    );
  const rows = () => panel.querySelectorAll("button");
  return { panel, show, rows, pressed: () => rows().map((row) => row.getAttribute("aria-pressed")) };
}

describe("BoxList", () => {
  test("there is one cursor: the row that gets the keyboard is the selected box", () => {
    const selected: { key: string | null } = { key: "a" };
    const { show, rows, pressed } = list(selected);
    show("a", "b");
    rows()[1]?.fire("focus");
    expect([selected.key, pressed()]).toEqual(["b", ["false", "true"]]);
  });

  test("whoever was in a row that is gone stays in the list", () => {
    const { show, rows, panel } = list({ key: null });
    show("a", "b");
    rows()[1]?.focus();
    show("a");
    expect(page.activeElement).toBe(panel);
    show("a", "c");
    rows()[0]?.focus();
    show("c");
    expect(page.activeElement).toBe(rows()[0]);
  });

  test("rows that stay are the elements that they were", () => {
    const { show, rows } = list({ key: null });
    show("a", "b");
    const [first] = rows();
    show("b", "a");
    expect(rows()[1]).toBe(first);
  });
});
