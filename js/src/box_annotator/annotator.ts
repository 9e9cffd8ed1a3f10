// The annotator: puts its parts together, runs commands of keys, buttons and gestures, and talks with the kernel.
import type { AnyModel } from "@anywidget/types";
import { element } from "../shared/element";
import { Outbox, type Refusal } from "../shared/outbox";
import { KernelError, type Requests, Superseded } from "../shared/requests";
import type { Box } from "../shared/viewport";
import { Editor } from "./editor";
import { Gestures } from "./gestures";
import { type Command, commandOf } from "./keys";
import { Nudging } from "./nudging";
import { Help, TroubleBar } from "./overlays";
import { Panel } from "./panel";
import type { Done, Gesture, Hello, News, Page, Progress, Shown } from "./protocol";
import { type DetailRequest, Stage } from "./stage";
import { Toolbar } from "./toolbar";
import { Turning } from "./turning";

const BUSY_AFTER_MS = 1000;
const EDITS = new Set<Command["do"]>(["move", "resize", "none", "skip", "add", "delete", "undo", "redo"]);
// A key that is held down would do these to images that nobody has looked at.
const NOT_REPEATED = new Set<Command["do"]>(["none", "skip", "add", "delete", "undo", "redo"]);

function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null; // forbidden by the browser's settings
  }
}

export class Annotator {
  private readonly editor: Editor;
  private readonly stage: Stage;
  private readonly gestures: Gestures;
  private readonly toolbar: Toolbar;
  private readonly panel: Panel;
  private readonly nudging: Nudging;
  private readonly turning: Turning;
  private readonly help = new Help(() => this.focus());
  private readonly trouble = new TroubleBar();
  private readonly live = element("div", { class: "ig-live", "aria-live": "polite" });
  private readonly outbox: Outbox<Gesture>;
  private readonly stop = new AbortController();
  private readonly clock: number;
  private page: Page;
  private progress: Progress;
  private draft: { box: Box; key: string | null } | null = null;
  private refusal: Refusal | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly requests: Requests,
    private readonly hello: Hello,
    examples: DataView[],
    canvas: AnyModel | null,
  ) {
    this.page = hello.page;
    this.progress = hello.progress;
    this.editor = new Editor(
      hello.page,
      hello.classes,
      hello.queue,
      (gesture) => this.outbox.push(gesture),
      () => this.showSheet(),
      (sentence) => this.tell(sentence),
    );
    this.stage = new Stage(
      () => this.scene(),
      (request) => this.loadDetail(request),
      (scale) => this.toolbar.showZoom(scale),
    );
    this.gestures = new Gestures(
      this.stage,
      {
        selected: () => this.editor.current,
        pick: (at, slack) => this.editor.pick(at, slack),
        draft: (box, key) => this.showDraft(box, key),
        draw: (box) => this.editor.draw(box),
        change: (key, box) => this.editor.change(key, box),
        mayEdit: () => this.mayEdit(),
      },
      () => root.contains(document.activeElement),
      this.stop.signal,
    );
    this.nudging = new Nudging(
      (box, key) => this.showDraft(box, key),
      (key, box) => this.editor.change(key, box),
    );
    this.turning = new Turning(
      requests,
      canvas,
      (turning) => root.classList.toggle("ig-turning", turning),
      (shown) => this.turned(shown),
      (error) => this.failed(error),
    );
    requests.onNews = (news: News) => this.heard(news);
    this.toolbar = new Toolbar(
      hello.classes,
      (command) => this.run(command),
      () => this.focus(),
    );
    this.panel = new Panel(
      hello,
      examples,
      (key) => this.reveal(key),
      (key) => this.remove(key),
    );
    const prefix = `ig_widgets:${hello.log}:${hello.annotator}:boxes:`;
    this.outbox = new Outbox(prefix, browserStorage(), (gesture) => this.deliver(gesture), () => this.showSaved());
    root.append(
      this.toolbar.root,
      this.trouble.root,
      element("div", { class: "ig-main" }, this.stage.root, this.panel.root),
      this.help.root,
      this.live,
    );
    this.stage.follow(root);
    this.listen();
    this.clock = window.setInterval(() => this.showSaved(), 500);
    this.toolbar.showClass(0);
    this.show(hello);
    void this.outbox.flush();
  }

  dispose(): void {
    this.nudging.commit();
    this.turning.dispose();
    clearInterval(this.clock);
    this.stop.abort();
    this.stage.dispose();
  }

  private listen(): void {
    const { signal } = this.stop;
    this.root.addEventListener("keydown", (event) => this.keydown(event), { signal });
    this.root.addEventListener("keyup", (event) => event.code === "Space" && this.pan(false), { signal });
    this.root.addEventListener("focusout", (event) => this.left(event), { signal });
    this.stage.root.addEventListener("pointerdown", () => this.focus(), { signal });
    // Gestures read the selected box: a nudge in progress must have become that box before they do.
    this.root.addEventListener("pointerdown", () => this.nudging.commit(), { signal, capture: true });
    window.addEventListener("pagehide", () => this.nudging.commit(), { signal });
  }

  private focus(): void {
    this.root.focus({ preventScroll: true });
  }

  private left(event: FocusEvent): void {
    this.pan(false);
    if (!this.root.contains(event.relatedTarget as Node | null)) this.nudging.commit();
  }

  private keydown(event: KeyboardEvent): void {
    const onButton = event.target instanceof HTMLButtonElement;
    if (onButton && (event.key === " " || event.key === "Enter")) return;
    if (event.code === "Space") {
      this.pan(true);
    } else {
      const command = commandOf(event, this.editor.selected !== null);
      if (!command) return;
      if (!event.repeat || !NOT_REPEATED.has(command.do)) this.run(command);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private pan(on: boolean): void {
    this.gestures.panning = on;
  }

  private run(command: Command): void {
    if (this.help.open && command.do !== "help" && command.do !== "escape") return;
    if (EDITS.has(command.do) && (this.gestures.active || !this.mayEdit())) return;
    if (command.do !== "move" && command.do !== "resize") this.nudging.commit();
    const { view } = this.stage;
    const position = this.turning.to ?? this.page.position;
    switch (command.do) {
      case "class":
        return this.useClass(command.position);
      case "move":
      case "resize":
        return this.nudge(command.do, command.dx, command.dy);
      case "pan":
        view.pan(command.dx, command.dy);
        return this.stage.redraw();
      case "none":
      case "skip":
        return this.editor.judge(command.do) ? this.go(this.page.position + 1) : undefined;
      case "next":
        return this.go(position + 1);
      case "previous":
        return this.go(position - 1);
      case "first":
        return this.go(0);
      case "last":
        return this.go(this.progress.images - 1);
      case "unseen":
        return this.progress.next === null ? this.tell("every image was looked at") : this.go(this.progress.next);
      case "add": {
        const seen = view.visible();
        const [width, height] = [seen.width / 5, seen.height / 5];
        return this.editor.draw({ x: seen.x + 2 * width, y: seen.y + 2 * height, width, height });
      }
      case "delete":
        return this.editor.selected === null ? undefined : this.remove(this.editor.selected);
      case "nextBox":
        return this.cycle(1);
      case "previousBox":
        return this.cycle(-1);
      case "undo":
      case "redo":
        return this.editor.takeBack(command.do);
      case "zoomIn":
      case "zoomOut":
        view.zoom(command.do === "zoomIn" ? 1.25 : 0.8);
        return this.stage.redraw();
      case "fit":
        view.toggleFit();
        return this.stage.redraw();
      case "full":
        view.zoom(1 / view.scale);
        return this.stage.redraw();
      case "escape":
        if (this.help.open) return this.help.toggle();
        if (!this.gestures.cancel()) this.select(null);
        return;
      case "help":
        return this.help.toggle();
    }
  }

  private useClass(position: number): void {
    if (position >= this.editor.classes.length) return;
    this.editor.useClass(position, () => !this.gestures.active && this.mayEdit());
    this.toolbar.showClass(position);
  }

  private remove(key: string): void {
    if (!this.mayEdit()) return;
    this.nudging.commit();
    this.editor.remove(key);
  }

  private nudge(how: "move" | "resize", dx: number, dy: number): void {
    const { current, sheet } = this.editor;
    if (current) this.nudging.by(how, current, dx, dy, sheet.width, sheet.height);
  }

  private select(key: string | null): void {
    this.nudging.commit();
    this.editor.select(key);
  }

  private cycle(step: 1 | -1): void {
    const box = this.editor.neighbour(step);
    if (!box) return;
    this.reveal(box.key);
    this.tell(`${box.label}, ${box.width} by ${box.height} at ${box.x}, ${box.y}`);
  }

  /** Select a box, and bring it into view when its middle is out of sight. */
  private reveal(key: string): void {
    this.select(key);
    const box = this.editor.current;
    if (!box) return;
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    const seen = this.stage.view.visible();
    const across = middle.x >= seen.x && middle.x <= seen.x + seen.width;
    const down = middle.y >= seen.y && middle.y <= seen.y + seen.height;
    if (!across || !down) this.stage.view.centreOn(middle);
    this.stage.redraw();
  }

  private go(position: number): void {
    if (position < 0 || position >= this.progress.images) return;
    this.nudging.commit();
    this.gestures.cancel();
    this.turning.go(position);
  }

  private turned(shown: Shown): void {
    this.select(null);
    this.show(shown);
    const { boxes, verdict } = this.editor.sheet;
    const said = boxes.length > 0 ? `${boxes.length} boxes` : (verdict ?? "nothing said yet");
    this.tell(`image ${shown.page.position + 1} of ${shown.progress.images}, ${said}`);
  }

  /** Another view of this widget has turned the page, and with it the picture; or has said something. */
  private heard(news: News): void {
    if (this.turning.to !== null) return;
    const same = news.page.image === this.page.image;
    if (same && !this.gestures.active && !this.nudging.active) this.show(news);
    if (!same && news.turned) {
      this.nudging.commit();
      this.show(news);
    }
  }

  /** Nothing may be said about an image while the next one is on its way: one would mean the other. */
  private mayEdit(): boolean {
    if (this.turning.to !== null) this.tell("the next image is on its way");
    return this.turning.to === null;
  }

  private async deliver(gesture: Gesture): Promise<boolean> {
    const { value } = await this.requests.ask<Done>("act", { gesture });
    if ("elsewhere" in value) return false;
    this.progress = value.progress;
    if (value.touched.length === 0) this.tell(`nothing to ${gesture.kind}`);
    if (value.page.image === this.page.image) this.show(value, 1);
    else this.showProgress();
    // An undo may be about another image: people see what it changed.
    if (value.page.image !== this.page.image && gesture.kind !== "say") this.go(value.page.position);
    return true;
  }

  private async loadDetail({ x, y, width, height, reduction }: DetailRequest): Promise<ImageBitmap | null> {
    const args = { position: this.page.position, x, y, width, height, reduction };
    try {
      const { buffers } = await this.requests.latest<object>("detail", args);
      return await createImageBitmap(new Blob(buffers as DataView<ArrayBuffer>[], { type: "image/jpeg" }));
    } catch (error) {
      this.failed(error as Error);
      return null;
    }
  }

  private failed(error: Error): void {
    if (error instanceof Superseded) return;
    this.trouble.show({
      message: error.message,
      details: error instanceof KernelError ? error.details : (error.stack ?? ""),
      remedies: { Dismiss: () => this.trouble.show(null) },
    });
  }

  /** Show the kernel's view of an image, with what it has not acknowledged yet on top of it. */
  private show({ page, progress }: Shown, acknowledged = 0): void {
    if (page.image !== this.page.image) this.gestures.cancel();
    this.page = page;
    this.progress = progress;
    this.editor.load(page, this.outbox.waiting.slice(acknowledged));
    this.stage.show(page);
    this.panel.showImage(page.image);
    this.showSheet();
    this.showProgress();
    this.showSaved();
  }

  private showDraft(box: Box | null, key: string | null): void {
    this.draft = box && { box, key };
    this.stage.redraw();
    this.showSaved();
  }

  private showSheet(): void {
    const { sheet, classes, selected } = this.editor;
    this.toolbar.showVerdict(sheet.verdict);
    this.panel.showBoxes(sheet.boxes, classes, selected);
    this.stage.redraw();
  }

  private showProgress(): void {
    this.toolbar.showPlace(this.page.position, this.progress);
    this.panel.showProgress(this.progress);
  }

  private showSaved(): void {
    const waiting = this.outbox.waiting.length + (this.nudging.active ? 1 : 0);
    const { refusal } = this.outbox;
    if (refusal !== this.refusal) {
      this.refusal = refusal;
      const remedies = { "Try again": () => this.outbox.retry(), "Give up this change": () => this.giveUp() };
      this.trouble.show(refusal && { ...refusal, remedies });
    }
    if (refusal) return this.toolbar.showSaved({ kind: "refused", waiting });
    const busy = this.requests.oldest() > BUSY_AFTER_MS;
    if (waiting === 0 && !busy) this.toolbar.showSaved({ kind: "saved", where: this.hello.logName });
    else this.toolbar.showSaved({ kind: busy ? "busy" : "saving", waiting });
  }

  private giveUp(): void {
    this.editor.forget();
    this.outbox.discard();
    this.go(this.page.position); // shows what is saved, without the change
  }

  private scene() {
    const { draft } = this;
    const { sheet, classes, selected } = this.editor;
    const label = (draft && sheet.find(draft.key)?.label) ?? this.editor.label;
    return {
      boxes: sheet.boxes,
      classes,
      selected,
      draft: draft && { ...this.upright(draft.box), label, replaces: draft.key },
    };
  }

  // A box drawn towards the upper left has a negative size until it is snapped.
  private upright(box: Box): Box {
    return {
      x: Math.min(box.x, box.x + box.width),
      y: Math.min(box.y, box.y + box.height),
      width: Math.abs(box.width),
      height: Math.abs(box.height),
    };
  }

  private tell(sentence: string): void {
    this.live.textContent = sentence;
  }
}
