// What lies over the annotator now and then: the map of keys, and a message when something went wrong.
import { element } from "../shared/element";
import { HELP } from "./keys";

export class Help {
  readonly root = element("div", { class: "ig-help", role: "dialog", "aria-label": "Keys and gestures", hidden: true });

  constructor(private readonly closed: () => void) {
    const close = element("button", { type: "button" }, "Close");
    close.addEventListener("click", () => this.toggle());
    const rows = HELP.map(([keys, meaning]) =>
      element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, keys)), element("td", {}, meaning)),
    );
    this.root.append(element("h3", {}, "Keys and gestures"), element("table", {}, ...rows), close);
  }

  get open(): boolean {
    return !this.root.hidden;
  }

  toggle(): void {
    this.root.hidden = !this.root.hidden;
    if (this.open) this.root.querySelector("button")?.focus({ preventScroll: true });
    else this.closed();
  }
}

export interface Trouble {
  message: string;
  details: string;
  /** What the person can do about it, besides copying the details. */
  remedies: Record<string, () => void>;
}

export class TroubleBar {
  readonly root = element("div", { class: "ig-trouble", role: "alert", hidden: true });

  show(trouble: Trouble | null): void {
    this.root.hidden = trouble === null;
    if (!trouble) return this.root.replaceChildren();
    const copy = this.button("Copy details", () => void this.copy(trouble, copy));
    const remedies = Object.entries(trouble.remedies).map(([name, run]) => this.button(name, run));
    this.root.replaceChildren(element("span", {}, trouble.message), ...remedies, copy);
  }

  private async copy({ message, details }: Trouble, button: HTMLButtonElement): Promise<void> {
    const text = `${message}\n\n${details}`;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // No right to the clipboard: show the text, so that it can be selected.
      this.root.append(element("pre", {}, text));
    }
  }

  private button(text: string, run: () => void): HTMLButtonElement {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", run);
    return button;
  }
}
