// Tells people whether what they said is on disk, and what they can do when the kernel does not take it.
import { element } from "./element";
import type { Entry, Refusal } from "./outbox";
import type { TroubleBar } from "./overlays";
import { Disconnected, type Requests } from "./requests";

const BUSY_AFTER_MS = 1000;
const LOOKS_EVERY_MS = 500;

/** An outbox, whatever is in it. */
interface Unsaved {
  readonly waiting: readonly Entry[];
  readonly fragile: number;
  readonly elsewhere: number;
  readonly refusal: Refusal | null;
  onChange: () => void;
  retry(): void;
  discard(): void;
}

export class Saving {
  readonly sign: SavedSign;
  private refusal: Refusal | null = null;
  private disconnected = false;
  private readonly clock = window.setInterval(() => this.show(), LOOKS_EVERY_MS);

  /**
   * @param where the log's name
   * @param gaveUp is called when a person has given up the change that the kernel refused
   * @param unsent how many changes are not even in the outbox yet
   */
  constructor(
    private readonly outbox: Unsaved,
    private readonly requests: Pick<Requests, "silence" | "disconnected">,
    private readonly trouble: Pick<TroubleBar, "refuse" | "show">,
    where: string,
    private readonly gaveUp: () => void,
    private readonly unsent: () => number = () => 0,
  ) {
    this.sign = new SavedSign(where);
    outbox.onChange = () => this.show();
  }

  show(): void {
    const { outbox } = this;
    const { refusal } = outbox;
    if (refusal !== this.refusal) {
      this.refusal = refusal;
      const remedies = { "Try again": () => outbox.retry(), "Give up this change": () => this.giveUp() };
      this.trouble.refuse(refusal && { ...refusal, remedies });
    }
    if (this.requests.disconnected && !this.disconnected) this.trouble.show(new Disconnected().message, "");
    this.disconnected = this.requests.disconnected;
    const waiting = [...outbox.waiting.map(({ kind }) => kind), ...new Array<string>(this.unsent()).fill("change")];
    const busy = this.requests.silence() > BUSY_AFTER_MS;
    const idle = waiting.length > 0 ? "saving" : "saved";
    this.sign.show(refusal ? "refused" : outbox.fragile > 0 ? "fragile" : busy ? "busy" : idle, waiting, outbox.elsewhere);
  }

  dispose(): void {
    clearInterval(this.clock);
  }

  private giveUp(): void {
    this.outbox.discard();
    this.gaveUp();
  }
}

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
