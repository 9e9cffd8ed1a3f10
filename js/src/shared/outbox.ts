// What a person said and the database has not acknowledged yet. It outlives a page reload and a kernel restart:
// each entry is an item of its own in the browser's storage, so two widgets of one page never overwrite each other's.

export interface Entry {
  /** Names the gesture: the kernel saves an entry once, however often it is sent. */
  action: string;
}

export interface Refusal {
  message: string;
  details: string;
}

export class Outbox<E extends Entry> {
  private items: { name: string; entry: E }[] = [];
  private sending = false;
  private lastTime = 0;
  /** Why the kernel did not take the first entry, or null. Sending stops until `retry` or `discard`. */
  refusal: Refusal | null = null;

  /**
   * @param prefix what the names of our items in the storage begin with
   * @param storage null where the page has none: then the entries live in memory only
   * @param deliver delivers one entry; resolves to true when it is on disk and to false when it is not for this
   *   widget (then it stays in the storage, for another one), rejects when it is refused
   * @param changed is called after every change
   */
  constructor(
    private readonly prefix: string,
    private readonly storage: Storage | null,
    private readonly deliver: (entry: E) => Promise<boolean>,
    private readonly changed: () => void,
  ) {
    this.items = this.recover();
  }

  get waiting(): readonly E[] {
    return this.items.map((item) => item.entry);
  }

  push(entry: E): void {
    this.lastTime = Math.max(Date.now(), this.lastTime + 1); // a clock may be set back; the order may not
    const name = `${this.prefix}${this.lastTime.toString(36).padStart(9, "0")}-${entry.action}`;
    this.items.push({ name, entry });
    try {
      this.storage?.setItem(name, JSON.stringify(entry));
    } catch {
      // A full or forbidden storage: the entry is still in memory and still shown as not saved.
    }
    this.changed();
    void this.flush();
  }

  /** Deliver what waits, in order, one after the other. */
  async flush(): Promise<void> {
    if (this.sending || this.refusal) return;
    this.sending = true;
    try {
      for (let first = this.items[0]; first; first = this.items[0]) {
        if (await this.deliver(first.entry)) this.storage?.removeItem(first.name);
        this.items = this.items.filter((item) => item.name !== first.name);
        this.changed();
      }
    } catch (error) {
      this.refusal = {
        message: error instanceof Error ? error.message : String(error),
        details: (error as Partial<Refusal>).details ?? "",
      };
    } finally {
      this.sending = false;
      this.changed();
    }
  }

  retry(): void {
    this.refusal = null;
    this.changed();
    void this.flush();
  }

  /** Drop the entry that the kernel refused, and go on with the others. */
  discard(): void {
    const first = this.items.shift();
    if (first) this.storage?.removeItem(first.name);
    this.retry();
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
