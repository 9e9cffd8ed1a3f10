// The row above the image and the wall: the search, what is said about hits, and whether everything is saved.
import { Bar, type Tools } from "../shared/bar";
import { ClassChips } from "../shared/chips";
import { element } from "../shared/element";
import type { Command } from "./keys";
import type { State } from "./protocol";

const USUAL_SCORE = 0.6;

export class Toolbar extends Bar<Command> {
  private readonly score = element("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.01,
    value: USUAL_SCORE,
    "aria-label": "Lowest score of the hits that are shown",
    title: "Lowest score of the hits that are shown",
  });
  private readonly scoreShown = element("output", { class: "ig-score" }, USUAL_SCORE.toFixed(2));
  readonly classes: ClassChips;
  private readonly heat = this.button("Heat map", "How well the box fits everywhere in the image (H)", { do: "heat" });
  private readonly stop = this.button("Stop", "Stop the search (X)", { do: "stop" });
  private readonly counts = element("span", { class: "ig-place", role: "status" });

  constructor(
    classes: readonly string[],
    heat: boolean,
    session: Tools<Command>,
    changed: () => void,
  ) {
    super("Search tools", session);
    const choose = (position: number) => session.run({ do: "class", position });
    this.classes = new ClassChips("Class of what is accepted", "hits accepted", choose, () => session.focus());
    this.classes.offer(classes);
    this.score.addEventListener("input", () => {
      this.scoreShown.textContent = this.threshold.toFixed(2);
      changed();
    });
    this.heat.hidden = !heat;
    this.root.append(
      this.group("Score", element("span", {}, "Score from "), this.score, this.scoreShown),
      this.group("Search", this.button("Look for it", "Look for the selected hit (L)", { do: "search" }), this.stop, this.heat),
      this.group(
        "Selected hits",
        this.button("✓ Accept", "Accept the selected hits (A)", { do: "accept" }),
        this.button("✕ Reject", "Reject the selected hits (R)", { do: "reject" }),
      ),
      this.classes.root,
      this.history(),
      this.group(
        "Image",
        this.button("‹", "Previous image (Page Up)", { do: "previous" }),
        this.button("›", "Next image (Page Down)", { do: "next" }),
        this.button("Fit", "Fit the image in the view (F)", { do: "fit" }),
      ),
      this.counts,
      ...this.ending(),
    );
    this.showState({ search: 0, first: 0, count: 0, done: true }, 0);
  }

  get threshold(): number {
    return Number(this.score.value);
  }

  showHeat(on: boolean): void {
    this.heat.setAttribute("aria-pressed", String(on));
  }

  showState(state: State, shown: number): void {
    const { count, done, stopped, error } = state;
    this.stop.setAttribute("aria-disabled", String(done));
    const end = done ? (stopped ? ", stopped" : error ? ", failed" : "") : ", searching …";
    const sentence = state.search === 0 ? "Draw a box to look for" : `${shown} of ${count} hits${end}`;
    if (this.counts.textContent !== sentence) this.counts.textContent = sentence;
  }
}
