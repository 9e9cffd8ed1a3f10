// Turning pages: one request on its way at a time, then to the page that was asked for last, and the page counts as
// shown only when its picture is. Until then nothing may be said: one would mean the other image.
import type { AnyModel } from "@anywidget/types";
import type { Requests } from "../requests";
import type { Turned } from "./protocol";

const PICTURE_TAKES_MOST_MS = 2000;

export class Turning<T extends Turned> {
  private wanted: number | null = null;
  private asking = false;
  private frames = 0;
  private onFrame: () => void = () => {};

  /**
   * @param canvas the model that draws the picture, which tells of every new frame; null where it cannot be had
   * @param changed is called with true when a turn begins, and with false when it ends
   */
  constructor(
    private readonly requests: Requests,
    canvas: AnyModel | null,
    private readonly changed: (turning: boolean) => void,
    private readonly arrived: (shown: T) => void,
    private readonly failed: (error: Error) => void,
  ) {
    this.canvas = canvas;
    canvas?.on("new-frame", this.count);
  }

  private readonly canvas: AnyModel | null;
  private readonly count = () => {
    this.frames++;
    this.onFrame();
  };

  /** The page that is on its way, or null. */
  get to(): number | null {
    return this.wanted;
  }

  go(position: number): void {
    this.wanted = position;
    this.changed(true);
    if (!this.asking) void this.ask();
  }

  dispose(): void {
    this.canvas?.off("new-frame", this.count);
  }

  private async ask(): Promise<void> {
    this.asking = true;
    try {
      let value: T;
      let position: number | null;
      do {
        position = this.wanted;
        const before = this.frames;
        ({ value } = await this.requests.insist<T>("show", { position }));
        if (value.painted && this.wanted === position) await this.frameAfter(before);
      } while (this.wanted !== position);
      this.end();
      this.arrived(value);
    } catch (error) {
      this.end();
      this.failed(error as Error);
    }
  }

  private end(): void {
    this.asking = false;
    this.wanted = null;
    this.changed(false);
  }

  private frameAfter(count: number): Promise<void> {
    if (this.canvas === null || this.frames > count) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PICTURE_TAKES_MOST_MS);
      this.onFrame = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
