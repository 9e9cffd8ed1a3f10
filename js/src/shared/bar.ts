// A row of buttons in groups: each runs a command.
import { button } from "./button";
import { element } from "./element";
import type { Does, Help } from "./keys";

type History = Does<"undo" | "redo">;

/** What a bar needs of the session. */
export interface Tools<C> {
  run(command: C | Help): void;
  /** Give the keyboard back to what its keys are about. */
  focus(): void;
  /** The sign that says whether everything is on disk. */
  readonly saved: HTMLElement;
}

export class Bar<C extends { do: string }> {
  readonly root: HTMLElement;

  constructor(
    label: string,
    private readonly session: Tools<C | History>,
  ) {
    this.root = element("div", { class: "ig-bar", role: "toolbar", "aria-label": label });
  }

  /** @param once whether the second click of a double click does nothing */
  protected button(text: string, title: string, command: C | History | Help, once = false): HTMLButtonElement {
    const name = /[\p{L}\p{N}]/u.test(text) ? undefined : title; // a symbol is no name, and a text needs no other one
    const run = (clicks: number) => (!once || clicks <= 1) && this.session.run(command);
    return button({ title, "aria-label": name }, () => this.session.focus(), run, text);
  }

  protected group(label: string, ...children: HTMLElement[]): HTMLElement {
    return element("div", { class: "ig-group", role: "group", "aria-label": label }, ...children);
  }

  protected history(): HTMLElement {
    return this.group(
      "History",
      this.button("↶", "Undo (Ctrl + Z)", { do: "undo" }),
      this.button("↷", "Redo (Ctrl + Shift + Z)", { do: "redo" }),
    );
  }

  /** What every bar ends with. */
  protected ending(): HTMLElement[] {
    return [this.session.saved, this.button("?", "All keys (?)", { do: "help" })];
  }
}

/** A list to choose from. */
export function choice(
  label: string,
  names: readonly string[],
  title = label,
  values: readonly string[] = names,
): HTMLSelectElement {
  const options = names.map((name, i) => element("option", { value: values[i] }, name));
  return element("select", { "aria-label": label, title }, ...options);
}

/** A list of which choosing something does something at once; it shows its own name again then. */
export function menu(label: string, name: string, toKeys: () => void, choose: (position: number) => void): HTMLSelectElement {
  const made = choice(label, [name]);
  made.addEventListener("change", () => {
    choose(made.selectedIndex - 1);
    made.selectedIndex = 0;
    toKeys();
  });
  return made;
}

/** Put these names into a list, the first of which stays. */
export function relist(made: HTMLSelectElement, first: string, names: readonly string[]): void {
  if (made.options.length === names.length + 1) return;
  const chosen = made.selectedIndex;
  made.replaceChildren(...[first, ...names].map((name) => element("option", {}, name)));
  made.selectedIndex = Math.max(chosen, 0);
}
