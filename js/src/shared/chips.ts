// The classes that can be chosen: each with its color, its digit, and how many there are of it.
import { button } from "./button";
import { element } from "./element";
import { isolated } from "./names";
import { colorOf } from "./palette";
import { swatch } from "./swatch";

interface Chip {
  root: HTMLButtonElement;
  count: HTMLElement;
}

export class ClassChips {
  readonly root: HTMLElement;
  private classes: readonly string[] = [];
  private chips: Chip[] = [];
  private chosen: number | null = null;

  /**
   * @param label what is chosen, for people
   * @param counted what the numbers count, such as "boxes"
   * @param toKeys gives the keyboard back after a click
   */
  constructor(
    label: string,
    private readonly counted: string,
    private readonly choose: (position: number) => void,
    private readonly toKeys: () => void,
  ) {
    this.root = element("div", { class: "ig-group ig-chips", role: "group", "aria-label": label });
  }

  /** Offer these classes. */
  offer(classes: readonly string[]): void {
    if (classes.length === this.classes.length && classes.every((name, i) => name === this.classes[i])) return;
    this.classes = [...classes];
    this.chips = classes.map((name, position) => this.chip(isolated(name), position));
    this.root.replaceChildren(...this.chips.map(({ root }) => root));
    this.mark(this.chosen);
  }

  /** Show which class is chosen. */
  mark(position: number | null): void {
    this.chosen = position;
    this.chips.forEach(({ root }, i) => root.setAttribute("aria-pressed", String(i === position)));
  }

  /** Show how many there are of each class. */
  count(counts: readonly number[]): void {
    this.chips.forEach(({ root, count }, i) => {
      const number = counts[i] ?? 0;
      count.textContent = number === 0 ? "" : String(number);
      root.title = title(isolated(this.classes[i] as string), i, number === 0 ? "" : `, ${number} ${this.counted}`);
    });
  }

  private chip(name: string, position: number): Chip {
    const digit = digitOf(position);
    const count = element("small", { class: "ig-count" });
    const run = () => this.choose(position);
    const root = button({ class: "ig-chip", title: title(name, position), "aria-pressed": "false" }, this.toKeys, run);
    root.append(swatch(colorOf(position)), name, count);
    if (digit) root.append(element("kbd", {}, digit));
    return { root, count };
  }
}

function title(name: string, position: number, counted = ""): string {
  const digit = digitOf(position);
  return digit ? `Class ${name} (${digit})${counted}` : `Class ${name}${counted}`;
}

/** The key of a class; those after the tenth have none. */
function digitOf(position: number): string {
  return position < 10 ? String((position + 1) % 10) : "";
}
