// What panels beside a stage are made of: the boxes of an image in words, and guidelines.
import { button } from "../button";
import { element } from "../element";
import { swatch } from "../swatch";

/** A panel. A stage widget is an application to screen readers, which read texts only in a document. */
export function readable(label: string): HTMLElement {
  return element("div", { class: "ig-panel", role: "document", "aria-label": label, tabindex: "0" });
}

/** A box in words. Rows of one key are made of the same elements, which do the same. */
export interface Row {
  key: string;
  parts: readonly HTMLElement[];
}

export class BoxList {
  readonly root = element("ul", { class: "ig-list" });
  private readonly none = element("li", { class: "ig-empty" }, "none yet");
  private shown = new Map<string, HTMLElement>();
  private seen: HTMLElement | undefined;

  /** @param panel has the list, and takes the focus when the row that had it is gone */
  constructor(private readonly panel: HTMLElement) {}

  /** The rows of boxes that were there stay the elements they were: a finger may be on one of them. */
  show(rows: readonly Row[]): void {
    const buttons = () => [...this.root.querySelectorAll("button")];
    const focused = buttons().indexOf(document.activeElement as HTMLButtonElement);
    const there = this.shown;
    this.shown = new Map(rows.map(({ key, parts }) => [key, renewed(there.get(key), parts)]));
    const lines = rows.length > 0 ? [...this.shown.values()] : [this.none];
    for (const line of [this.none, ...there.values()]) if (!lines.includes(line)) line.remove();
    lines.forEach((line, i) => {
      if (this.root.children[i] !== line) this.root.insertBefore(line, this.root.children[i] ?? null);
    });
    this.reveal();
    // whoever was in a row that is gone stays in the list, and the keys go on working
    if (focused >= 0 && !this.root.contains(document.activeElement)) {
      (buttons()[focused] ?? this.panel).focus({ preventScroll: true });
    }
  }

  /** Bring the selected box into sight in the panel, when another one is selected. */
  private reveal(): void {
    const buttons = [...this.root.querySelectorAll("button")];
    const row = buttons.find((made) => made.classList.contains("ig-row") && made.getAttribute("aria-pressed") === "true");
    if (row === this.seen) return;
    this.seen = row;
    if (!row) return;
    const [line, area] = [row.getBoundingClientRect(), this.panel.getBoundingClientRect()];
    if (line.top < area.top) this.panel.scrollTop += line.top - area.top;
    else if (line.bottom > area.bottom) this.panel.scrollTop += line.bottom - area.bottom;
  }
}

/** The line that shows these parts: the one that was there, where what it is made of differs in its words only. */
function renewed(line: HTMLElement | undefined, parts: readonly HTMLElement[]): HTMLElement {
  if (!line) return element("li", {}, ...parts);
  parts.forEach((made, i) => {
    const old = line.children[i];
    if (!old || old.isEqualNode(made)) return;
    for (const name of made.getAttributeNames()) old.setAttribute(name, made.getAttribute(name) ?? "");
    if (!old.isEqualNode(made)) old.replaceChildren(...made.childNodes);
  });
  return line;
}

/** The button that selects a box, and that selects it when it gets the keyboard. */
export function boxButton(
  color: string,
  name: string,
  facts: string,
  selected: boolean,
  toKeys: () => void,
  select: () => void,
): HTMLElement {
  const attributes = { class: "ig-row", "aria-pressed": String(selected) };
  const made = button(attributes, toKeys, select, swatch(color), `${name} `, element("small", {}, facts));
  // one cursor: what has the keyboard is what keys are about
  made.addEventListener("focus", () => made.getAttribute("aria-pressed") === "true" || select());
  return made;
}

/** What people are to go by; nothing where there is none. */
export function guidelines(text: string): HTMLElement[] {
  return text === "" ? [] : [element("h4", {}, "Guidelines"), element("p", { class: "ig-guidelines" }, text)];
}
