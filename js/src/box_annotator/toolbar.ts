// The row above the image: classes, verdicts, undo, zoom, place in the queue, and whether everything is saved.
import { Bar, type Tools } from "../shared/bar";
import { ClassChips } from "../shared/chips";
import { Pager } from "../shared/stage/pager";
import type { Command } from "./keys";

export class Toolbar extends Bar<Command> {
  readonly pager = new Pager(
    this.button("‹", "Previous image (Page Up)", { do: "previous" }),
    this.button("›", "Next image (Page Down)", { do: "next" }),
  );
  readonly classes: ClassChips;
  private readonly none = this.button("No defect", "No defect in this image, and on to the next (N)", { do: "none" }, true);
  private readonly skipped = this.button("Skip", "Skip this image, and on to the next (S)", { do: "skip" }, true);
  private readonly zoom = this.button("100 %", "One pixel of the image for each pixel here (H)", { do: "full" });

  constructor(
    classes: readonly string[],
    session: Tools<Command>,
  ) {
    super("Annotation tools", session);
    const choose = (position: number) => session.run({ do: "class", position });
    this.classes = new ClassChips("Class of the box", "boxes", choose, () => session.focus());
    this.classes.offer(classes);
    this.root.append(
      this.classes.root,
      this.group("Whole image", this.none, this.skipped),
      this.history(),
      this.group(
        "Zoom",
        this.button("−", "Zoom out (−)", { do: "zoomOut" }),
        this.zoom,
        this.button("+", "Zoom in (+)", { do: "zoomIn" }),
        this.button("Fit", "Fit the image in the view (F)", { do: "fit" }),
      ),
      this.group("Image", ...this.pager.parts),
      ...this.ending(),
    );
  }

  showVerdict(verdict: "none" | "skipped" | null): void {
    this.none.setAttribute("aria-pressed", String(verdict === "none"));
    this.skipped.setAttribute("aria-pressed", String(verdict === "skipped"));
  }

  showZoom(scale: number): void {
    this.zoom.textContent = `${Math.round(scale * 100)} %`;
  }
}
