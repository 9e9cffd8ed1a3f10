// Whether everything that a person said is on disk.
import { element } from "./element";

type SavedState = "saved" | "saving" | "busy" | "fragile" | "refused";

export class SavedSign {
  readonly root = element("span", { class: "ig-saved", role: "status" });

  /** @param where the log's name */
  constructor(private readonly where: string) {}

  /**
   * @param waiting the kinds of what is not on disk yet
   * @param elsewhere how many changes are for widgets that are not open
   */
  show(state: SavedState, waiting: readonly string[], elsewhere: number): void {
    const what = inWords(waiting);
    const others = `${elsewhere} ${elsewhere === 1 ? "change" : "changes"} about other images`;
    const short = {
      saved: "Saved",
      saving: "Saving …",
      busy: what === "" ? "Waiting for the kernel" : `${what} waiting for the kernel`,
      fragile: `${what} not saved: do not reload`,
      refused: `${what} not saved`,
    }[state];
    const long = {
      saved: `What was said here is on disk, in ${this.where}.`,
      saving: "The kernel is writing to the database.",
      busy: "Kept in this browser until the kernel answers. Go on working; if the kernel was restarted, run the cell again.",
      fragile: "This browser's storage is full or forbidden, so what the kernel has not saved yet is in this page only.",
      refused: "The kernel could not save this: see the message.",
    }[state];
    const sentence = elsewhere === 0 ? short : `${short} · ${others} ${elsewhere === 1 ? "waits" : "wait"} in this browser`;
    if (this.root.textContent !== sentence) this.root.textContent = sentence;
    this.root.title = elsewhere === 0 ? long : `${long} To save ${others}, run the cell with those images.`;
    this.root.dataset.state = state;
  }
}

/** "2 changes and 1 undo": an undo that waits may be of something that is still to be seen. */
function inWords(kinds: readonly string[]): string {
  const count = (names: readonly string[], one: string, more: string) => {
    const number = kinds.filter((kind) => names.includes(kind)).length;
    return number === 0 ? [] : [`${number} ${number === 1 ? one : more}`];
  };
  const changes = kinds.filter((kind) => kind !== "undo" && kind !== "redo");
  return [
    ...count(changes, "change", "changes"),
    ...count(["undo"], "undo", "undos"),
    ...count(["redo"], "redo", "redos"),
  ].join(" and ");
}
