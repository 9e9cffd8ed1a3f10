// The row above the image: classes, verdicts, undo, zoom, place in the queue, and whether everything is saved.
import { Bar, type Tools } from "../shared/bar";
import { element } from "../shared/element";
import { isolated } from "../shared/names";
import { colorOf } from "../shared/palette";
import { Pager } from "../shared/stage/pager";
import { swatch } from "../shared/swatch";
import type { Command } from "./keys";

export class Toolbar extends Bar<Command> {
  readonly pager = new Pager(
    this.button("‹", "Previous image (Page Up)", { do: "previous" }),
    this.button("›", "Next image (Page Down)", { do: "next" }),
  );
  private readonly classes: HTMLButtonElement[];
  private readonly none = this.button("No defect", "No defect in this image, and on to the next (N)", { do: "none" }, true);
  private readonly skipped = this.button("Skip", "Skip this image, and on to the next (S)", { do: "skip" }, true);
  private readonly zoom = this.button("100 %", "One pixel of the image for each pixel here (H)", { do: "full" });

  constructor(
    classes: readonly string[],
    session: Tools<Command>,
  ) {
    super("Annotation tools", session);
    this.classes = classes.map((label, position) => {
      const key = position < 10 ? String((position + 1) % 10) : "";
      const name = isolated(label);
      const button = this.button(name, key ? `Class ${name} (${key})` : `Class ${name}`, { do: "class", position });
      button.prepend(swatch(colorOf(position)));
      if (key) button.append(element("kbd", {}, key));
      return button;
    });
    this.root.append(
      this.group("Class of the box", ...this.classes),
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

  showClass(position: number): void {
    this.classes.forEach((button, i) => button.setAttribute("aria-pressed", String(i === position)));
  }

  showVerdict(verdict: "none" | "skipped" | null): void {
    this.none.setAttribute("aria-pressed", String(verdict === "none"));
    this.skipped.setAttribute("aria-pressed", String(verdict === "skipped"));
  }

  showZoom(scale: number): void {
    this.zoom.textContent = `${Math.round(scale * 100)} %`;
  }
}
