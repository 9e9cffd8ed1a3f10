// The row above the image: votes, class, undo, zoom, place among the images, and whether everything is saved.
import { Bar, type Tools } from "../shared/bar";
import { ClassChips } from "../shared/chips";
import { Pager } from "../shared/stage/pager";
import type { Command } from "./keys";

const CLASS = "Class of the selected box, or of the next one";

export class Toolbar extends Bar<Command> {
  readonly pager = new Pager(
    this.button("‹", "Previous image (Page Up)", { do: "previous" }),
    this.button("›", "Next image (Page Down)", { do: "next" }),
  );
  readonly classes: ClassChips;

  constructor(
    classes: readonly string[],
    session: Tools<Command>,
  ) {
    super("Review tools", session);
    const choose = (position: number) => session.run({ do: "class", position });
    this.classes = new ClassChips(CLASS, "boxes in this image", choose, () => session.focus());
    this.classes.offer(classes);
    this.root.append(
      this.group(
        "Selected box",
        this.button("✓ Accept", "Accept the selected box (A)", { do: "accept" }),
        this.button("✕ Reject", "Reject the selected box (R)", { do: "reject" }),
        this.button("Comment", "Comment on the selected box, or on the image (C)", { do: "comment" }),
      ),
      this.classes.root,
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
      ...this.ending(),
    );
  }
}
