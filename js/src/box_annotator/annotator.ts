// The annotator: puts its parts together, runs commands of keys, buttons and gestures, and talks with the kernel.
import type { AnyModel } from "@anywidget/types";
import type { Requests } from "../shared/requests";
import { Session } from "../shared/session";
import { neighbor } from "../shared/stage/neighbor";
import type { Scene } from "../shared/stage/stage";
import { type Draft, Viewer } from "../shared/stage/viewer";
import { Editor } from "./editor";
import { type Command, commandOf, KEYS } from "./keys";
import { Panel } from "./panel";
import type { Done, Gesture, Hello, News, Progress, Shown } from "./protocol";
import { Toolbar } from "./toolbar";

const EDITS = new Set<Command["do"]>(["move", "resize", "none", "skip", "add", "delete", "undo", "redo"]);

export class Annotator {
  readonly session: Session<Command, Gesture, Done, News, Hello>;
  private readonly editor: Editor;
  private readonly viewer: Viewer<Shown>;
  private readonly toolbar: Toolbar;
  private readonly panel: Panel;
  private progress: Progress;

  constructor(root: HTMLElement, requests: Requests, hello: Hello, canvas: AnyModel | null, examples: readonly DataView[]) {
    this.progress = hello.progress;
    this.session = new Session(root, requests, hello, {
      kind: "boxes",
      keys: KEYS,
      commandOf: (event) => commandOf(event, this.editor.selected !== null),
      run: (command) => this.run(command),
      focus: () => root.focus({ preventScroll: true }),
      delivered: (gesture, done) => this.delivered(gesture, done),
      heard: (news) => this.viewer.heard(news, news.turned),
      renew: (newer) => this.viewer.heard(newer, true),
      gaveUp: () => this.gaveUp(),
      unsaid: () => this.viewer.unsaid,
      dispose: () => this.viewer.dispose(),
    });
    this.editor = new Editor(
      hello.page,
      hello.classes,
      hello.queue,
      (gesture) => this.session.push(gesture),
      () => this.showDrawn(),
      this.session.tell,
    );
    this.viewer = new Viewer<Shown>(this.session.frame, requests, canvas, hello.page, hello.images, {
      scene: (draft) => this.scene(draft),
      selected: () => this.editor.current,
      pick: (at, slack) => this.editor.pick(at, slack),
      draw: (box) => this.editor.draw(box),
      change: (key, box) => this.editor.change(key, box),
      show: (told) => this.show(told),
      turned: (told) => this.turned(told),
      drafted: () => this.session.showSaving(),
      zoomed: (scale) => this.toolbar.showZoom(scale),
    });
    this.toolbar = new Toolbar(hello.classes, this.session);
    this.panel = new Panel(
      hello,
      examples,
      (key) => this.reveal(key),
      (key) => this.remove(key),
      this.session.focus,
    );
    this.session.fill([this.toolbar.root], this.viewer.stage.root, this.panel.root);
    this.toolbar.classes.mark(0);
    this.show(hello);
    void this.session.begin();
  }

  private run(command: Command): void {
    if (!this.viewer.admits(command.do, EDITS)) return;
    const { page } = this.viewer;
    switch (command.do) {
      case "class":
        return this.useClass(command.position);
      case "none":
      case "skip":
        return this.editor.judge(command.do) ? this.viewer.go(page.position + 1) : undefined;
      case "unseen":
        return this.progress.next === null ? this.session.tell("every image was looked at") : this.viewer.go(this.progress.next);
      case "delete":
        return this.editor.selected === null ? undefined : this.remove(this.editor.selected);
      case "nextBox":
      case "previousBox":
        return this.cycle(command.do === "nextBox" ? 1 : -1);
      case "undo":
      case "redo":
        return this.editor.takeBack(command.do, this.session.pending);
      case "escape":
        if (!this.viewer.cancel()) this.select(null);
        return;
      default:
        return this.viewer.run(command);
    }
  }

  private useClass(position: number): void {
    if (position >= this.editor.classes.length) return;
    this.editor.useClass(position, () => this.viewer.editable);
    this.toolbar.classes.mark(position);
  }

  private remove(key: string): void {
    if (!this.viewer.editable) return;
    this.viewer.settle();
    this.editor.remove(key);
  }

  private select(key: string | null): void {
    this.viewer.settle();
    this.editor.select(key);
  }

  private cycle(step: 1 | -1): void {
    const box = neighbor(this.editor.drawn.boxes, this.editor.selected, step);
    if (!box) return;
    this.reveal(box.key);
    this.session.tell(`${box.label}, ${box.width} by ${box.height} at ${box.x}, ${box.y}`);
  }

  private reveal(key: string): void {
    this.select(key);
    if (this.editor.current) this.viewer.reveal(this.editor.current);
  }

  private turned(told: Shown): void {
    this.select(null);
    this.show(told);
    const { boxes, verdict } = this.editor.drawn;
    const count = `${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}`;
    const said = boxes.length > 0 ? count : verdict === "none" ? "no defect" : (verdict ?? "not annotated yet");
    this.session.tell(`image ${told.page.position + 1} of ${told.progress.images}, ${said}`);
  }

  private delivered(gesture: Gesture, done: Done): void {
    this.progress = done.progress;
    this.showProgress();
    this.viewer.acknowledged(gesture.kind, done, done.touched);
  }

  /** Show the kernel's view of an image, with what it has not acknowledged yet on top of it. */
  private show({ page, progress }: Shown): void {
    this.progress = progress;
    this.viewer.show(page);
    this.editor.load(page, this.session.pending);
    this.panel.showImage(page.image);
    this.showDrawn();
    this.showProgress();
    this.session.showSaving();
  }

  private showDrawn(): void {
    const { drawn, classes, selected } = this.editor;
    this.toolbar.showVerdict(drawn.verdict);
    this.panel.showBoxes(drawn.boxes, classes, selected);
    this.viewer.stage.redraw();
  }

  private showProgress(): void {
    this.toolbar.pager.show(this.viewer.page.position, this.progress.images);
    this.toolbar.classes.count(this.progress.classes);
    this.panel.showProgress(this.progress);
  }

  private gaveUp(): void {
    this.editor.forget();
    this.viewer.go(this.viewer.page.position); // shows what is saved, without the change
  }

  private scene(draft: Draft | null): Scene {
    const { drawn, classes, selected, label } = this.editor;
    const name = drawn.find(draft?.replaces ?? null)?.label ?? label;
    return { boxes: drawn.boxes, classes, selected, draft: draft && { ...draft, label: name } };
  }
}
