// What lies over a widget now and then: the map of keys, and a message when something went wrong.
import { button } from "./button";
import { element } from "./element";
import { COMMON_KEYS, type KeyMap } from "./keys";
import { Disconnected, KernelError, Superseded } from "./requests";

export class HelpBox {
  readonly root = element("div", { class: "ig-help", role: "dialog", "aria-label": "Keys and gestures", hidden: true });
  private general: HTMLElement | null = null;

  /**
   * @param keys of this widget
   * @param everywhere what holds in every widget; asked for when the help is opened
   */
  constructor(
    keys: KeyMap,
    private readonly everywhere: () => KeyMap,
    private readonly closed: () => void,
  ) {
    const close = element("button", { type: "button" }, "Close");
    close.addEventListener("click", () => this.toggle());
    const heading = element("h3", {}, "Keys and gestures ", close);
    this.root.append(element("section", {}, heading, tableOf([...keys, ...COMMON_KEYS])));
  }

  get open(): boolean {
    return !this.root.hidden;
  }

  toggle(): void {
    this.root.hidden = !this.root.hidden;
    if (this.general === null) {
      this.general = element("section", {}, element("h3", {}, "The same in all widgets"), tableOf(this.everywhere()));
      this.root.append(this.general);
    }
    if (this.open) this.root.querySelector("button")?.focus({ preventScroll: true });
    else this.closed();
  }
}

function tableOf(keys: KeyMap): HTMLElement {
  const rows = keys.map(([key, meaning]) =>
    element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, key)), element("td", {}, meaning)),
  );
  return element("table", {}, ...rows);
}

interface Trouble {
  message: string;
  details: string;
  /** What the person can do about it, besides copying the details. */
  remedies: Record<string, () => void>;
}

export class TroubleBar {
  readonly root = element("div", { class: "ig-trouble", role: "alert", hidden: true });
  private refused: Trouble | null = null;
  private other: Trouble | null = null;

  /** @param toKeys gives the keyboard back when a button that has it goes away */
  constructor(private readonly toKeys: () => void) {}

  /** A request failed. One that a newer request took the place of has not, and that nobody hears us is told once. */
  fail(error: Error): void {
    if (error instanceof Superseded || error instanceof Disconnected) return;
    this.show(error.message, error instanceof KernelError ? error.details : (error.stack ?? ""));
  }

  /** Something went wrong: shown until it is dismissed, and while nothing more serious is. */
  show(message: string, details: string): void {
    const dismiss = () => {
      this.other = null;
      this.draw();
    };
    this.other = { message, details, remedies: { Dismiss: dismiss } };
    this.draw();
  }

  /** What a person said was refused, and stays shown until something is done about it; null: no more. */
  refuse(trouble: Trouble | null): void {
    this.refused = trouble;
    this.draw();
  }

  private draw(): void {
    const trouble = this.refused ?? this.other;
    if (this.root.contains(document.activeElement)) this.toKeys();
    this.root.hidden = trouble === null;
    if (!trouble) return this.root.replaceChildren();
    const copy = button({}, this.toKeys, () => void this.copy(trouble, copy), "Copy details");
    const remedies = Object.entries(trouble.remedies).map(([name, run]) => button({}, this.toKeys, run, name));
    this.root.replaceChildren(element("span", {}, trouble.message), ...remedies, copy);
  }

  private async copy({ message, details }: Trouble, pressed: HTMLButtonElement): Promise<void> {
    const text = `${message}\n\n${details}`;
    try {
      await navigator.clipboard.writeText(text);
      pressed.textContent = "Copied";
    } catch {
      // No right to the clipboard: show the text, so that it can be selected.
      this.root.append(element("pre", {}, text));
    }
  }
}
