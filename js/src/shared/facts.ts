// What stands above every widget: why it is due, and when everything is done, what was done and what to run next.
import { button } from "./button";
import { element } from "./element";
import type { End, Facts } from "./hello";

export class FactsBar {
  readonly note = element("p", { class: "ig-note", role: "note", tabindex: "0", hidden: true });
  readonly end = element("div", { class: "ig-end", role: "status", hidden: true });
  private shown: string | null = null;

  /** @param toKeys gives the keyboard back when the end is dismissed */
  constructor(private readonly toKeys: () => void) {}

  show({ note, end }: Facts): void {
    if (this.note.textContent !== note) this.note.textContent = note;
    this.note.hidden = note === "";
    const shown = end && JSON.stringify(end);
    if (shown === this.shown) return; // it may have been dismissed
    this.shown = shown;
    if (end) this.finish(end);
    else this.hide();
  }

  private finish({ done, next }: End): void {
    const what = element("span", {}, done);
    const then = next === "" ? [] : [element("span", {}, "Next: ", element("code", {}, next))];
    const dismiss = button({}, this.toKeys, () => this.dismiss(), "Go on here");
    this.end.hidden = false;
    this.end.replaceChildren(what, ...then, dismiss);
  }

  private dismiss(): void {
    this.toKeys();
    this.hide();
  }

  private hide(): void {
    this.end.hidden = true;
    this.end.replaceChildren();
  }
}
