// Asks the kernel about the item that has the keyboard, when it has had it for a moment.
import { type Requests, Superseded } from "../requests";

const AFTER_MS = 80;

/** What is asked about: the item that has the keyboard, or null where nothing is shown. */
interface Focused {
  readonly active: number | null;
}

export class DetailsLoader<About> {
  private item: number | null | undefined = undefined;
  private timer = 0;

  /**
   * @param show is called with what the kernel says about an item
   * @param say is called with why there is nothing to show
   */
  constructor(
    private readonly requests: Requests,
    private readonly wall: Focused,
    private readonly show: (item: number, about: About, pictures: readonly DataView[]) => void,
    private readonly say: (sentence: string) => void,
  ) {}

  /** Another item has the keyboard now, perhaps. */
  moved(): void {
    if (this.wall.active === this.item) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), AFTER_MS);
  }

  /** What was said about the item may be another thing now. */
  forget(): void {
    this.item = undefined;
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private async ask(): Promise<void> {
    const item = this.wall.active;
    this.item = item;
    if (item === null) return this.say("Nothing is shown: choose other filters.");
    try {
      const { value, buffers } = await this.requests.latest<About>("about", { item });
      if (this.wall.active === item) this.show(item, value, buffers);
    } catch (error) {
      if (!(error instanceof Superseded)) this.say((error as Error).message);
    }
  }
}
