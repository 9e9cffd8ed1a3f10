// Reads what is known about all items from the kernel, part by part.
import type { Requests } from "./requests";

interface Part {
  /** How many rows there are; the first column has a byte for each. */
  count: number;
}

export class ColumnLoader<P extends Part> {
  private running: Promise<void> | null = null;
  private again: Promise<void> | null = null;

  /**
   * @param op what the kernel is asked for, with the row that a part begins with
   * @param take is called with each part
   * @param done is called when all parts are there
   * @param signal aborted when nobody wants to know any more
   */
  constructor(
    private readonly requests: Requests,
    private readonly op: string,
    private readonly take: (start: number, part: P, buffers: DataView[]) => void,
    private readonly done: () => void,
    private readonly failed: (error: Error) => void,
    private readonly signal: AbortSignal,
  ) {}

  get busy(): boolean {
    return this.running !== null;
  }

  /** Read from a row on; whoever comes while this is under way has everything read once more. */
  from(start: number): Promise<void> {
    if (this.running) {
      this.again ??= this.running.then(() => this.from(0));
      return this.again;
    }
    this.again = null;
    this.running = this.read(start)
      .catch(this.failed)
      .finally(() => {
        this.running = null;
      });
    return this.running;
  }

  private async read(from: number): Promise<void> {
    let start = from;
    let count = 0;
    do {
      const { value, buffers } = await this.requests.insist<P>(this.op, { start });
      if (this.signal.aborted) return;
      this.take(start, value, buffers);
      count = value.count;
      const read = (buffers[0] as DataView).byteLength;
      if (read === 0) break;
      start += read;
    } while (start < count);
    this.done();
  }
}
