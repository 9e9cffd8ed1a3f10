// The row above the image: classes, verdicts, undo, zoom, place in the queue, and whether everything is saved.
import { element } from "../shared/element";
import { colourOf } from "../shared/palette";
import type { Command } from "./keys";
import type { Progress } from "./protocol";

export type SavedState =
  | { kind: "saved"; where: string }
  | { kind: "saving"; waiting: number }
  | { kind: "busy"; waiting: number }
  | { kind: "refused"; waiting: number };

export class Toolbar {
  readonly root = element("div", { class: "ig-bar", role: "toolbar", "aria-label": "Annotation tools" });
  private readonly classes: HTMLButtonElement[];
  private readonly none = this.button("No defect", "No defect in this image, and on to the next (N)", { do: "none" });
  private readonly skipped = this.button("Skip", "Skip this image, and on to the next (S)", { do: "skip" });
  private readonly zoom = this.button("100 %", "One pixel of the image for each pixel here (H)", { do: "full" });
  private readonly previous = this.button("‹", "Previous image (Page Up)", { do: "previous" });
  private readonly next = this.button("›", "Next image (Page Down)", { do: "next" });
  private readonly place = element("span", { class: "ig-place" });
  private readonly saved = element("span", { class: "ig-saved", role: "status" });

  constructor(
    classes: readonly string[],
    private readonly run: (command: Command) => void,
    private readonly toImage: () => void,
  ) {
    this.classes = classes.map((label, position) => {
      const key = position < 10 ? String((position + 1) % 10) : "";
      const button = this.button(label, key ? `Class ${label} (${key})` : `Class ${label}`, { do: "class", position });
      button.prepend(element("span", { class: "ig-swatch", style: `background: ${colourOf(position)}` }));
      if (key) button.append(element("kbd", {}, key));
      return button;
    });
    this.root.append(
      this.group("Class of the box", ...this.classes),
      this.group("Whole image", this.none, this.skipped),
      this.group(
        "History",
        this.button("↶", "Undo (Ctrl + Z)", { do: "undo" }),
        this.button("↷", "Redo (Ctrl + Shift + Z)", { do: "redo" }),
      ),
      this.group(
        "Zoom",
        this.button("−", "Zoom out (−)", { do: "zoomOut" }),
        this.zoom,
        this.button("+", "Zoom in (+)", { do: "zoomIn" }),
        this.button("Fit", "Fit the image in the view (F)", { do: "fit" }),
      ),
      this.group("Image", this.previous, this.place, this.next),
      this.saved,
      this.button("?", "All keys (?)", { do: "help" }),
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

  showPlace(position: number, progress: Progress): void {
    this.place.textContent = `${position + 1} of ${progress.images}`;
    // not `disabled`: that would take the focus away, and all keys with it
    this.previous.setAttribute("aria-disabled", String(position === 0));
    this.next.setAttribute("aria-disabled", String(position + 1 >= progress.images));
  }

  showSaved(state: SavedState): void {
    const statements = "waiting" in state ? `${state.waiting} ${state.waiting === 1 ? "change" : "changes"}` : "";
    const sentence = {
      saved: "Saved",
      saving: "Saving …",
      busy: "waiting" in state && state.waiting > 0 ? `${statements} waiting for the kernel` : "Waiting for the kernel",
      refused: `${statements} not saved`,
    }[state.kind];
    const title = {
      saved: `Everything is on disk${state.kind === "saved" ? `, in ${state.where}` : ""}.`,
      saving: "The kernel is writing to the database.",
      busy: "Kept in this browser until the kernel answers. Go on working; if the kernel was restarted, run the cell again.",
      refused: "The kernel could not save this: see the message.",
    }[state.kind];
    if (this.saved.textContent !== sentence) this.saved.textContent = sentence;
    this.saved.title = title;
    this.saved.dataset.state = state.kind;
  }

  private group(label: string, ...children: HTMLElement[]): HTMLElement {
    return element("div", { class: "ig-group", role: "group", "aria-label": label }, ...children);
  }

  private button(text: string, title: string, command: Command): HTMLButtonElement {
    const button = element("button", { type: "button", title, "aria-label": title }, text);
    button.addEventListener("click", (event) => {
      // After a click by mouse the keys belong to the image: Space would press the button again.
      if (event.detail > 0) this.toImage();
      const twice = event.detail > 1 && (command.do === "none" || command.do === "skip");
      if (!twice) this.run(command);
    });
    return button;
  }
}
