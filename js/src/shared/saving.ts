// Tells people whether what they said is on disk, and what they can do when the kernel does not take it.
import type { Entry, Refusal } from "./outbox";
import type { TroubleBar } from "./overlays";
import { Disconnected, type Requests } from "./requests";
import { SavedSign } from "./saved";

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
