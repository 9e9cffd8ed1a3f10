// One image of a queue at a time, to look at and to draw on. The kernel's half is widgets/stage/viewer.py.
import type { AnyModel } from "@anywidget/types";
import { type Box, contains, middleOf, upright } from "../box";
import type { Frame } from "../frame";
import { jpeg } from "../jpeg";
import type { Does } from "../keys";
import type { Requests } from "../requests";
import { Gestures, type Hand } from "./gestures";
import type { Arrow } from "./keys";
import { Nudging } from "./nudging";
import type { Page, Turned } from "./protocol";
import { type DetailRequest, type Scene, Stage } from "./stage";
import { Turning } from "./turning";

export type ViewCommand = Arrow | Does<"add" | "first" | "last" | "zoomIn" | "zoomOut" | "fit" | "full" | "hold">;

/** A box that is being drawn, or changed in place of another. */
export type Draft = Box & { replaces: string | null };

/** What a widget does with the image that it shows. `S` is what the kernel says about an image. */
interface Owner<S> extends Omit<Hand, "draft" | "mayEdit"> {
  scene(draft: Draft | null): Scene;
  /** Show what the kernel says, about the image that is shown or another one. */
  show(told: S): void;
  /** The page that was asked for is there. */
  turned(told: S): void;
  /** A box is being changed, or not any more. */
  drafted?(): void;
  zoomed?(scale: number): void;
}

export class Viewer<S extends { page: Page }> {
  readonly stage: Stage;
  page: S["page"];
  private readonly gestures: Gestures;
  private readonly nudging: Nudging;
  private readonly turning: Turning<S & Turned>;
  private draft: Draft | null = null;
  /** The last news of each kind that came at a bad time. */
  private missed: { turned?: S; said?: S } = {};

  /**
   * @param first what is shown before anything is asked for
   * @param images how many there are
   */
  constructor(
    private readonly frame: Pick<Frame<never>, "root" | "signal" | "tell" | "failed">,
    private readonly requests: Requests,
    canvas: AnyModel | null,
    first: S["page"],
    private readonly images: number,
    private readonly owner: Owner<S>,
  ) {
    const { root, signal } = frame;
    this.page = first;
    this.stage = new Stage(
      () => owner.scene(this.draft),
      (request) => this.loadDetail(request),
      (scale) => owner.zoomed?.(scale),
    );
    const draft = (box: Box | null, key: string | null) => this.showDraft(box, key);
    const hand: Hand = {
      selected: () => owner.selected(),
      pick: (at, slack) => owner.pick(at, slack),
      draw: (box) => owner.draw(box),
      change: (key, box) => owner.change(key, box),
      draft,
      mayEdit: () => this.mayEdit(),
    };
    this.gestures = new Gestures(this.stage, hand, () => root.contains(document.activeElement), signal);
    this.nudging = new Nudging(draft, (key, box) => owner.change(key, box));
    this.turning = new Turning<S & Turned>(
      requests,
      canvas,
      (turning) => root.classList.toggle("ig-turning", turning),
      (told) => {
        owner.turned(told);
        this.catchUp();
      },
      (error) => {
        frame.failed(error);
        this.catchUp();
      },
    );
    this.stage.follow(root);
    this.stage.root.addEventListener("pointerdown", () => root.focus({ preventScroll: true }), { signal });
    // gestures read the selected box: a nudge in progress must have become that box before they do
    root.addEventListener("pointerdown", () => this.settle(), { signal, capture: true });
    root.addEventListener("keyup", (event) => event.key === " " && this.letGo(), { signal });
    root.addEventListener("focusout", (event) => this.left(event), { signal });
    window.addEventListener("pagehide", () => this.settle(), { signal });
  }

  /** The position of the page that is shown, or on its way. */
  get position(): number {
    return this.turning.to ?? this.page.position;
  }

  /** How many changes are still being made, and were not said yet. */
  get unsaid(): number {
    return this.nudging.active ? 1 : 0;
  }

  show(page: S["page"]): void {
    if (page.image !== this.page.image) this.gestures.cancel();
    this.page = page;
    this.stage.show(page);
  }

  /** Another view of this widget has turned the page, and with it the picture; or something was said about one. */
  heard(told: S, turned: boolean): void {
    const same = told.page.image === this.page.image;
    if (this.turning.to !== null || (same && (this.gestures.active || this.nudging.active))) {
      this.missed[turned ? "turned" : "said"] = told;
    } else if (same || turned) {
      this.settle();
      this.owner.show(told);
    }
  }

  /** Show what came while a page was turned or a box was changed. */
  private catchUp(): void {
    const { turned, said } = this.missed;
    this.missed = {};
    if (turned) this.heard(turned, true);
    if (said) this.heard(said, false);
  }

  /** A gesture is in the log. An undo may be about another image: people see what it changed. */
  acknowledged(kind: string, told: S, touched: readonly string[]): void {
    if (touched.length === 0) this.frame.tell(`nothing to ${kind}`);
    if (told.page.image === this.page.image) this.owner.show(told);
    else if (kind !== "say") this.go(told.page.position);
  }

  /** Whether a command may be run now; nudges end before any command that is none. */
  admits(command: string, edits: ReadonlySet<string>): boolean {
    if (edits.has(command) && !this.editable) return false;
    if (command !== "move" && command !== "resize") this.settle();
    return true;
  }

  run(command: ViewCommand): void {
    const { view } = this.stage;
    switch (command.do) {
      case "move":
      case "resize": {
        const box = this.owner.selected();
        return box && this.nudging.by(command.do, box, command.dx, command.dy, this.page.width, this.page.height);
      }
      case "add": {
        const seen = view.visible();
        const [width, height] = [seen.width / 5, seen.height / 5];
        return this.owner.draw({ x: seen.x + 2 * width, y: seen.y + 2 * height, width, height });
      }
      case "next":
        return this.go(this.position + 1);
      case "previous":
        return this.go(this.position - 1);
      case "first":
        return this.go(0);
      case "last":
        return this.go(this.images - 1);
      case "hold":
        this.gestures.panning = true;
        return;
      case "pan":
        view.pan(command.dx, command.dy);
        break;
      case "zoomIn":
      case "zoomOut":
        view.zoom(command.do === "zoomIn" ? 1.25 : 0.8);
        break;
      case "fit":
        view.toggleFit();
        break;
      case "full":
        view.zoom(1 / view.scale);
        break;
    }
    this.stage.redraw();
  }

  /** Turn to a page, if there is one. */
  go(position: number): void {
    if (position < 0 || position >= this.images) return;
    this.settle();
    this.gestures.cancel();
    this.turning.go(position);
  }

  /** Bring a box into view when its middle is out of sight. */
  reveal(box: Box): void {
    const { view } = this.stage;
    const middle = middleOf(box);
    if (!contains(view.visible(), middle)) view.centerOn(middle);
    this.stage.redraw();
  }

  /** Whether something may be said about the image just now, other than by the gesture in progress. */
  get editable(): boolean {
    return !this.gestures.active && this.mayEdit();
  }

  /** Forget the gesture in progress; true if there was one. */
  cancel(): boolean {
    return this.gestures.cancel();
  }

  /** Say what keys have changed so far. */
  settle(): void {
    this.nudging.commit();
  }

  dispose(): void {
    this.settle();
    this.turning.dispose();
    this.stage.dispose();
  }

  /** Nothing may be said about an image while the next one is on its way: one would mean the other. */
  private mayEdit(): boolean {
    if (this.turning.to !== null) this.frame.tell("the next image is on its way");
    return this.turning.to === null;
  }

  private letGo(): void {
    this.gestures.panning = false;
  }

  private left(event: FocusEvent): void {
    this.letGo();
    if (!this.frame.root.contains(event.relatedTarget as Node | null)) this.settle();
  }

  private showDraft(box: Box | null, key: string | null): void {
    this.draft = box && { ...upright(box), replaces: key };
    this.stage.redraw();
    this.owner.drafted?.();
    if (!box) queueMicrotask(() => this.catchUp()); // when the change was said
  }

  private async loadDetail(request: DetailRequest): Promise<ImageBitmap | null> {
    const args = { position: this.page.position, ...request };
    try {
      const { buffers } = await this.requests.latest<object>("detail", args);
      return await createImageBitmap(jpeg(buffers[0]));
    } catch (error) {
      this.frame.failed(error as Error);
      return null;
    }
  }
}
