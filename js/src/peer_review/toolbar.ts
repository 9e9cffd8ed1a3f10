// The row above the image: votes, class, undo, zoom, place among the images, and whether everything is saved.
import { Bar, choice } from "../shared/bar";
import type { Help } from "../shared/keys";
import { Pager } from "../shared/stage/pager";
import type { Command } from "./keys";

export class Toolbar extends Bar<Command> {
  readonly pager = new Pager(
    this.button("‹", "Previous image (Page Up)", { do: "previous" }),
    this.button("›", "Next image (Page Down)", { do: "next" }),
  );
  private readonly classes: HTMLSelectElement;

  constructor(
    classes: readonly string[],
    saved: HTMLElement,
    run: (command: Command | Help) => void,
    toKeys: () => void,
  ) {
    super("Review tools", run, toKeys);
    this.classes = choice("Class of the selected box, or of the next one", classes, "Class (1 … 9)");
    this.classes.addEventListener("change", () => {
      run({ do: "class", position: this.classes.selectedIndex });
      toKeys();
    });
    this.root.append(
      this.group(
        "Selected box",
        this.button("✓ Accept", "Accept the selected box (A)", { do: "accept" }),
        this.button("✕ Reject", "Reject the selected box (R)", { do: "reject" }),
        this.classes,
        this.button("Comment", "Comment on the selected box, or on the image (C)", { do: "comment" }),
      ),
      this.history(),
      this.group(
        "Zoom",
        this.button("−", "Zoom out (−)", { do: "zoomOut" }),
        this.button("+", "Zoom in (+)", { do: "zoomIn" }),
        this.button("Fit", "Fit the image in the view (F)", { do: "fit" }),
      ),
      this.group(
        "Image",
        ...this.pager.parts,
        this.button("Next to judge", "First image with a box that you have not judged (U)", { do: "undecided" }),
      ),
      saved,
      this.helpButton(),
    );
  }

  showClass(position: number): void {
    this.classes.selectedIndex = position;
  }
}
