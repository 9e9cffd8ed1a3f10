// The rows above the wall: what is shown and how, what is done to the selection, and whether everything is saved.
import { Bar, choice, relist, type Tools } from "../shared/bar";
import { ClassChips } from "../shared/chips";
import { element } from "../shared/element";
import { SizeSlider } from "../shared/wall/size_slider";
import type { Command } from "./keys";
import type { Hello } from "./protocol";
import type { Filter } from "./table";

const SHOWN: Record<Filter["show"], string> = {
  all: "all images",
  marked: "marked",
  changed: "changed",
  unseen: "not reviewed",
};

export interface Actions {
  /** Another order, grouping or filter was chosen. */
  changed(): void;
  resize(side: number): void;
}

export class Toolbar extends Bar<Command> {
  private readonly orders: HTMLSelectElement;
  private readonly groupings: HTMLSelectElement;
  private readonly show = choice("Show", Object.values(SHOWN), "Which images are shown", Object.keys(SHOWN));
  private readonly label = choice("Show class", ["all classes"], "Show only images with this label, given or new");
  private readonly again = this.button("Apply again", "What does not fit the filter any more leaves (R)", { do: "again" });
  private readonly select = this.button("Select", "Clicks and drags select (V)", { do: "select" });
  private readonly size: SizeSlider;
  private readonly chips: ClassChips;
  private readonly counts = element("span", { class: "ig-place" });

  constructor(session: Tools<Command>, { orders, groupings, classes, offered }: Hello, actions: Actions) {
    super("Review tools", session);
    this.orders = choice("Order", orders);
    this.groupings = choice("Group by", ["no groups", "by label", ...groupings.map((name) => `by ${name}`)], "Group by", [
      "none",
      "label",
      ...groupings,
    ]);
    this.groupings.selectedIndex = 1;
    relist(this.label, "all classes", classes);
    for (const list of [this.orders, this.groupings, this.show, this.label]) {
      list.addEventListener("change", () => actions.changed());
    }
    this.size = new SizeSlider((side) => actions.resize(side));
    this.chips = new ClassChips(
      "Give the selected images a class",
      "images",
      (position) => session.run({ do: "class", position }),
      () => session.focus(),
    );
    this.chips.offer(classes.slice(0, offered));
    this.again.hidden = true;
    this.showSelecting(false);
    this.root.append(
      this.group("Arrangement", this.orders, this.groupings),
      this.group("Filter", this.show, this.label, this.again),
      this.group("Size", this.size.root),
      this.group(
        "Selected images",
        this.select,
        this.button("Mark", "The labels of the selected images are wrong (X)", { do: "mark" }),
        this.button("Take back", "Say nothing about the selected images (Backspace)", { do: "back" }),
      ),
      this.chips.root,
      this.group("Look closely", this.button("Zoom", "One image and those that resemble it (Z)", { do: "zoom" }, true)),
      this.history(),
      this.counts,
      ...this.ending(),
    );
  }

  get order(): string {
    return this.orders.value;
  }

  get grouping(): string {
    return this.groupings.value;
  }

  get filter(): Filter {
    const label = this.label.selectedIndex === 0 ? null : this.label.selectedIndex - 1;
    return { show: this.show.value as Filter["show"], label };
  }

  /** How many images would leave and come if the filter were applied again; null: there is no filter. */
  showAgain(change: { leave: number; come: number } | null): void {
    this.again.hidden = change === null;
    const { leave, come } = change ?? { leave: 0, come: 0 };
    const parts = [...(leave > 0 ? [`−${leave}`] : []), ...(come > 0 ? [`+${come}`] : [])];
    this.again.textContent = parts.length === 0 ? "Apply again" : `Apply again (${parts.join(" ")})`;
    this.again.setAttribute("aria-disabled", String(parts.length === 0));
  }

  showSelecting(on: boolean): void {
    this.select.setAttribute("aria-pressed", String(on));
  }

  showSize(side: number): void {
    this.size.show(side);
  }

  /** How many images have each class now. */
  showClassCounts(counts: readonly number[]): void {
    this.chips.count(counts);
  }

  showCounts(sentence: string): void {
    if (this.counts.textContent !== sentence) this.counts.textContent = sentence;
  }
}
