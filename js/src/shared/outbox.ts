// What a person said and the database has not acknowledged yet. It outlives a page reload and a kernel restart:
// each entry is an item of its own in the browser's storage, so two widgets of one page never overwrite each other's.

export interface Entry {
  /** Names the gesture: the kernel saves an entry once, however often it is sent. */
  action: string;
  /** What it does; `undo` and `redo` are of what was said before. */
  kind: string;
}

export interface Refusal {
  message: string;
  details: string;
}

export function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null; // forbidden by the browser's settings
  }
}

/** `D` is what the kernel says about an entry that it has saved. */
export class Outbox<E extends Entry, D> {
  private items: { name: string; entry: E }[] = [];
  private readonly unstored = new Set<string>();
  private readonly setAside: string[] = [];
  private sending = false;
  private lastTime = 0;
  /** Why the kernel did not take the first entry, or null. Sending stops until `retry` or `discard`. */
  refusal: Refusal | null = null;
  /** Called after every change. */
  onChange: () => void = () => {};

  /**
   * @param prefix what the names of our items in the storage begin with
   * @param storage null where the page has none: then the entries live in memory only
   * @param deliver delivers one entry; resolves when it is on disk, to null when it is not for this widget (then it
   *   stays in the storage, for another one), rejects when it is refused
   * @param delivered is called when an entry is on disk and waits no more
   */
  constructor(
    private readonly prefix: string,
    private readonly storage: Storage | null,
    private readonly deliver: (entry: E) => Promise<D | null>,
    private readonly delivered: (entry: E, done: D) => void,
  ) {
    this.items = this.recover();
  }

  get waiting(): readonly E[] {
    return this.items.map((item) => item.entry);
  }

  /** How many of these a reload of the page would lose: the browser's storage is full, or forbidden. */
  get fragile(): number {
    return this.storage === null ? this.items.length : this.items.filter(({ name }) => this.unstored.has(name)).length;
  }

  /** How many stay in the storage since they are for another widget. */
  get elsewhere(): number {
    return this.setAside.filter((name) => this.storage?.getItem(name)).length; // that one may have taken them meanwhile
  }

  push(entry: E): void {
    this.lastTime = Math.max(Date.now(), this.lastTime + 1); // a clock may be set back; the order may not
    const name = `${this.prefix}${this.lastTime.toString(36).padStart(9, "0")}-${entry.action}`;
    this.items.push({ name, entry });
    try {
      this.storage?.setItem(name, JSON.stringify(entry));
    } catch {
      // A full or forbidden storage: the entry is still in memory, and shown as only there.
      this.unstored.add(name);
    }
    this.onChange();
    void this.flush();
  }

  /** Deliver what waits, in order, one after the other. */
  async flush(): Promise<void> {
    if (this.sending || this.refusal) return;
    this.sending = true;
    try {
      for (let first = this.items[0]; first; first = this.items[0]) {
        const done = await this.tryOnce(first.entry);
        if (this.refusal) break;
        if (done !== null) this.storage?.removeItem(first.name);
        else this.setAside.push(first.name);
        this.items = this.items.filter((item) => item.name !== first.name);
        this.onChange();
        if (done !== null) this.delivered(first.entry, done);
      }
    } finally {
      this.sending = false;
      this.onChange();
    }
  }

  retry(): void {
    this.refusal = null;
    this.onChange();
    void this.flush();
  }

  /** Drop the entry that the kernel refused, and go on with the others. */
  discard(): void {
    const first = this.items.shift();
    if (first) this.storage?.removeItem(first.name);
    this.retry();
  }

  private async tryOnce(entry: E): Promise<D | null> {
    try {
      return await this.deliver(entry);
    } catch (error) {
      this.refusal = {
        message: error instanceof Error ? error.message : String(error),
        details: (error as Partial<Refusal>).details ?? "",
      };
      return null;
    }
  }

  private recover(): { name: string; entry: E }[] {
    const found: { name: string; entry: E }[] = [];
    for (let i = 0; i < (this.storage?.length ?? 0); i++) {
      const name = this.storage?.key(i) ?? "";
      if (!name.startsWith(this.prefix)) continue;
      try {
        found.push({ name, entry: JSON.parse(this.storage?.getItem(name) ?? "") as E });
      } catch {
        // Not JSON: somebody else's text under our prefix, nothing of ours to recover.
      }
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
