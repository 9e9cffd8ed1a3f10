// The rows above the wall: what is shown and how, what is done to the selection, and whether everything is saved.
import { Bar, choice, relist, type Tools } from "../shared/bar";
import { ClassChips } from "../shared/chips";
import { element } from "../shared/element";
import { SizeSlider } from "../shared/wall/size_slider";
import type { Command } from "./keys";
import { type Filter, ORIGINS, type Sorting, STATES } from "./table";

const SORTINGS: Record<Sorting, string> = {
  given: "as given",
  importance: "by importance",
  class: "by class",
  origin: "by origin",
};

export interface Actions {
  /** Another filter or order was chosen. */
  changed(): void;
  resize(side: number): void;
}

export class Toolbar extends Bar<Command> {
  private readonly origins: HTMLInputElement[];
  private readonly originCounts = ORIGINS.map(() => element("span"));
  private readonly states = choice("Show decisions", ["all", ...STATES]);
  private readonly label = choice("Show class", ["all classes"]);
  private readonly sorting: HTMLSelectElement;
  private readonly chips: ClassChips;
  private readonly size: SizeSlider;
  private readonly family = this.button("Whole family", "Only the family of the pattern (F)", { do: "family" });
  private readonly counts = element("span", { class: "ig-place", role: "status" });

  constructor(session: Tools<Command>, sortable: boolean, actions: Actions) {
    super("Pattern tools", session);
    this.origins = ORIGINS.map((name) => element("input", { type: "checkbox", checked: true, "aria-label": `Show ${name}` }));
    const sortings = (Object.keys(SORTINGS) as Sorting[]).filter((sorting) => sortable || sorting !== "importance");
    this.sorting = choice("Sort", sortings.map((sorting) => SORTINGS[sorting]), "Sort", sortings);
    for (const box of [...this.origins, this.states, this.label, this.sorting]) box.addEventListener("change", () => actions.changed());
    this.size = new SizeSlider((side) => actions.resize(side));
    this.chips = new ClassChips(
      "Give the selected patterns a class",
      "patterns",
      (position) => session.run({ do: "class", position }),
      () => session.focus(),
    );
    const origins = this.origins.map((box, i) =>
      element("label", {}, box, ` ${ORIGINS[i]} `, this.originCounts[i] as HTMLElement),
    );
    this.root.append(
      this.group("Origin", ...origins),
      this.group("Filter", this.states, this.label, this.family),
      this.group("Order", this.sorting),
      this.group("Size", this.size.root),
      this.group(
        "Selected patterns",
        this.button("Keep", "Keep the selected patterns (K)", { do: "keep" }),
        this.button("Drop", "Drop the selected patterns (D)", { do: "drop" }),
      ),
      this.chips.root,
      this.history(),
      this.counts,
      ...this.ending(),
    );
  }

  get sorted(): Sorting {
    return this.sorting.value as Sorting;
  }

  filter(family: number | null): Filter {
    const state = this.states.selectedIndex - 1;
    return {
      origins: new Set(this.origins.flatMap((box, i) => (box.checked ? [i] : []))),
      states: new Set(state < 0 ? STATES.map((_, i) => i) : [state]),
      label: this.label.selectedIndex === 0 ? null : this.label.selectedIndex - 1,
      family,
    };
  }

  showClasses(classes: readonly string[]): void {
    relist(this.label, "all classes", classes);
    this.chips.offer(classes);
  }

  /** How many patterns have each class now. */
  showClassCounts(counts: readonly number[]): void {
    this.chips.count(counts);
  }

  showOrigins(counts: readonly number[]): void {
    counts.forEach((count, i) => {
      (this.originCounts[i] as HTMLElement).textContent = `(${count})`;
      // whoever makes no patterns need not choose between their origins
      (this.originCounts[i] as HTMLElement).parentElement?.toggleAttribute("hidden", count === 0);
    });
  }

  showFamily(on: boolean): void {
    this.family.setAttribute("aria-pressed", String(on));
  }

  showSize(side: number): void {
    this.size.show(side);
  }

  showCounts(sentence: string): void {
    if (this.counts.textContent !== sentence) this.counts.textContent = sentence;
  }
}
