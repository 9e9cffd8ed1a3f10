// Notices which images were looked at: those that were in sight for a second.

const LOOKS_EVERY_MS = 250;
const SEEN_AFTER_MS = 1000;
const TELLS_EVERY_MS = 4000;

export class SeenTracker {
  private readonly since = new Map<number, number>();
  private seen = new Set<number>();
  private toldAt = performance.now();
  private readonly clock = window.setInterval(() => this.look(performance.now()), LOOKS_EVERY_MS);

  /**
   * @param inSight the items that are to be seen now, and were not looked at before
   * @param tell is called with items that were looked at, some seconds' worth at a time
   */
  constructor(
    private readonly inSight: () => readonly number[],
    private readonly tell: (items: number[]) => void,
  ) {}

  /** See what is there at a time, in milliseconds. */
  look(now: number): void {
    const shown = document.hidden ? [] : this.inSight().filter((item) => !this.seen.has(item));
    const before = new Map(this.since);
    this.since.clear();
    for (const item of shown) {
      const first = before.get(item) ?? now;
      if (now - first >= SEEN_AFTER_MS) this.seen.add(item);
      else this.since.set(item, first);
    }
    if (this.seen.size > 0 && now - this.toldAt >= TELLS_EVERY_MS) this.report(now);
  }

  /** Tell what was not told yet; nothing is noticed after that. */
  dispose(): void {
    clearInterval(this.clock);
    if (this.seen.size > 0) this.report(performance.now());
  }

  private report(now: number): void {
    this.toldAt = now;
    const seen = [...this.seen];
    this.seen = new Set();
    this.tell(seen);
  }
}
