// Puts the image and the wall of hits together, runs commands of keys, buttons and gestures, and talks with the kernel.
import type { AnyModel } from "@anywidget/types";
import { type Box, type Point, smallestAt } from "../shared/box";
import { newKey } from "../shared/identity";
import { colorOfClass } from "../shared/palette";
import type { Requests } from "../shared/requests";
import { Session } from "../shared/session";
import { judged } from "../shared/stage/judged";
import { beside, snapped } from "../shared/stage/geometry";
import type { Shape } from "../shared/stage/protocol";
import type { Scene } from "../shared/stage/stage";
import { type Draft, Viewer } from "../shared/stage/viewer";
import { badge, caption, shade } from "../shared/wall/marks";
import { Wall } from "../shared/wall/wall";
import { Hits } from "./hits";
import { type Command, commandOf, KEYS } from "./keys";
import { inParts } from "./parts";
import type { Decision, Done, Found, Gesture, Hello, News, Shown, State } from "./protocol";
import { Toolbar } from "./toolbar";

const EDITS = new Set<Command["do"]>(["add"]);

export class Finder {
  readonly session: Session<Command, Gesture, Done, News, Hello>;
  private readonly hits = new Hits();
  private readonly viewer: Viewer<Shown>;
  private readonly wall: Wall;
  private readonly toolbar: Toolbar;
  private state: State = { search: 0, first: 0, count: 0, done: true };
  private reading: Promise<void> | null = null;
  private query: (Box & { image: string }) | null = null;
  private heat = false;
  private currentClass = 0;

  constructor(
    root: HTMLElement,
    private readonly requests: Requests,
    private readonly hello: Hello,
    canvas: AnyModel | null,
  ) {
    this.session = new Session(root, requests, hello, {
      kind: "hits",
      keys: KEYS,
      commandOf,
      run: (command) => this.run(command),
      focus: () => this.wall.focus(),
      delivered: (gesture, done) => this.delivered(gesture, done),
      heard: (news, buffers) => this.heard(news, buffers),
      renew: ({ page, said, state }) => this.heard({ page, said, searched: state, turned: true }, []),
      gaveUp: () => this.showPending(),
      dispose: () => {
        this.viewer.dispose();
        this.wall.dispose();
      },
    });
    this.viewer = new Viewer<Shown>(this.session.frame, requests, canvas, hello.page, hello.images, {
      scene: (draft) => this.scene(draft),
      selected: () => undefined,
      pick: (at, slack) => this.pick(at, slack),
      draw: (box) => this.look(box),
      change: () => undefined,
      show: (told) => this.show(told),
      turned: (told) => this.show(told),
    });
    this.wall = new Wall(requests, "Hits", {
      describe: (item) => this.describe(item),
      decorate: (context, item, tile) => this.decorate(context, item, tile),
      changed: () => this.moved(),
      open: () => this.run({ do: "search" }),
      failed: this.session.failed,
    });
    this.toolbar = new Toolbar(
      hello.classes,
      hello.heat,
      this.session,
      () => this.arrange(),
    );
    this.session.fill([this.toolbar.root], this.viewer.stage.root, this.wall.root);
    this.useClass(0);
    this.show(hello);
    this.searched(hello.state);
    void this.session.begin();
  }

  private run(command: Command): void {
    if (!this.viewer.admits(command.do, EDITS)) return;
    switch (command.do) {
      case "accept":
      case "reject":
        return this.judge(command.do === "accept");
      case "class":
        return this.useClass(command.position);
      case "search": {
        const item = this.wall.active;
        return item === null ? this.session.tell("no hit is selected") : this.lookFor(this.hits.get(item));
      }
      case "stop":
        return void this.requests.ask("stop").catch(this.session.failed);
      case "heat":
        if (!this.hello.heat) return this.session.tell("there are no heat maps");
        this.heat = !this.heat;
        return this.showHeat();
      case "undo":
      case "redo":
        return this.takeBack(command.do);
      case "escape":
        return void this.viewer.cancel();
      default:
        return this.viewer.run(command);
    }
  }

  /** The class of what is accepted from now on. */
  private useClass(position: number): void {
    if (position >= this.hello.classes.length) return;
    this.currentClass = position;
    this.toolbar.classes.mark(position);
    this.viewer.stage.redraw();
  }

  /** Look for a box of the image that is shown. */
  private look(box: Box): void {
    const { image, position, width, height, problem } = this.viewer.page;
    if (problem !== null || beside(box, width, height)) return;
    this.lookFor({ ...snapped(box, width, height), image, position });
  }

  private lookFor({ x, y, width, height, image, position }: Box & { image: string; position: number }): void {
    this.query = { x, y, width, height, image };
    this.viewer.stage.redraw();
    this.session.tell("searching");
    this.requests
      .ask("look", { position, box: [x, y, width, height] })
      .then(() => this.heat && this.showHeat())
      .catch(this.session.failed);
  }

  private judge(accepted: boolean): void {
    const items = this.wall.targets;
    if (items.length === 0) return;
    const label = this.hello.classes[this.currentClass] as string;
    const parts = inParts(this.hits.judge(items, label, accepted));
    for (const statements of parts) {
      this.session.push({ kind: "say", action: newKey(), image: statements[0]?.image as string, statements });
    }
    this.showPending();
    const hits = `${items.length} ${items.length === 1 ? "hit" : "hits"}`;
    const steps = parts.length > 1 ? `, in ${parts.length} steps: undo takes back one at a time` : "";
    this.session.tell(`${hits} ${accepted ? `accepted as ${label}` : "rejected"}${steps}`);
    if (this.wall.selection.count <= 1) this.wall.step(1); // one hit after the other
  }

  private takeBack(kind: "undo" | "redo"): void {
    const { image } = this.viewer.page;
    this.session.takeBack(kind, { image, queue: this.hello.queue });
    this.showPending(); // what the kernel has not saved yet is taken back at once
    this.session.tell(`${kind} …`);
  }

  private delivered(gesture: Gesture, { touched, said }: Done): void {
    if (gesture.kind !== "say") this.session.tell(touched.length === 0 ? `nothing to ${gesture.kind}` : `${gesture.kind} done`);
    this.said(said);
  }

  private heard({ page, turned, sheet, searched, said }: News, buffers: DataView[]): void {
    if (sheet) this.wall.receive(sheet, buffers[0]);
    if (searched) this.searched(searched);
    if (said) this.said(said);
    if (page) this.viewer.heard({ page, said: said ?? {} }, turned === true);
  }

  private show({ page, said }: Shown): void {
    const other = page.image !== this.viewer.page.image;
    this.viewer.show(page);
    this.said(said);
    if (!other) return;
    if (this.heat) this.showHeat();
    this.session.tell(`image ${page.image}`);
  }

  private said(said: Record<string, Decision[]>): void {
    this.hits.decide(said);
    this.showPending();
  }

  /** Show what is in force, with what the kernel has not acknowledged yet on top of it. */
  private showPending(): void {
    this.hits.showPending(this.session.pending);
    this.toolbar.classes.count(this.hits.accepted(this.hello.classes));
    this.wall.redraw();
    this.viewer.stage.redraw();
  }

  private searched(state: State): void {
    const { search, count } = this.state;
    if (state.search < search || (state.search === search && state.count < count)) return; // older news
    if (state.search > this.state.search) {
      this.hits.clear();
      this.wall.restart(state.first);
    }
    this.state = state;
    if (state.error) this.session.frame.trouble.show(state.error.message, state.error.details);
    if (state.count > this.hits.count) void this.read();
    this.showState();
  }

  /** Fetch the hits that were found since; whoever comes while this is under way is served by it. */
  private read(): Promise<void> {
    this.reading ??= this.readAll()
      .catch(this.session.failed)
      .finally(() => {
        this.reading = null;
      });
    return this.reading;
  }

  private async readAll(): Promise<void> {
    while (this.hits.count < this.state.count && !this.session.signal.aborted) {
      const { search } = this.state;
      const args = { search, start: this.hits.count };
      const { value, buffers } = await this.requests.insist<Found>("hits", args);
      if (search !== this.state.search) continue; // another search has begun meanwhile
      if (value.images.length === 0) return;
      this.hits.add(value.images, buffers);
      this.said(value.said);
      this.arrange();
    }
  }

  /** Show the hits that score enough. */
  private arrange(): void {
    this.wall.grow(this.hits.count);
    this.wall.show(this.hits.above(this.toolbar.threshold));
    this.showState();
    this.viewer.stage.redraw();
  }

  /** Another hit has the keyboard: show it in its image. */
  private moved(): void {
    const item = this.wall.active;
    if (item === null || !this.wall.root.contains(document.activeElement)) return;
    const { position } = this.hits.get(item);
    if (this.viewer.position !== position) this.viewer.go(position);
    else this.viewer.stage.redraw();
  }

  private pick(at: Point, slack: number): void {
    const items = this.hits.inImage(this.viewer.page.image, this.toolbar.threshold);
    const hit = smallestAt(items.map((item) => ({ ...this.hits.get(item), item })), at, slack);
    if (!hit) return;
    const { item } = hit;
    this.wall.select((selection) => selection.only([item]));
    this.wall.go(this.wall.placeOf(item));
    this.viewer.stage.redraw();
  }

  private showHeat(): void {
    this.toolbar.showHeat(this.heat);
    this.viewer.stage.covered = this.heat;
    const args = { position: this.viewer.page.position, on: this.heat };
    this.requests.latest("heat", args).catch(this.session.failed);
  }

  private scene(draft: Draft | null): Scene {
    const { classes } = this.hello;
    const { image } = this.viewer.page;
    const active = this.wall.active;
    const shapes: Shape[] = this.hits.inImage(image, this.toolbar.threshold).map((item) => {
      const { x, y, width, height, score } = this.hits.get(item);
      const decision = this.hits.decision(item);
      const { kind, sign } = judged(decision?.accepted);
      const label = decision?.label ?? (classes[this.currentClass] as string);
      return { key: `hit ${item}`, label, caption: `${sign}${score.toFixed(2)}`, kind, x, y, width, height };
    });
    if (this.query?.image === image) {
      shapes.push({ ...this.query, key: "query", label: "looked for", caption: "looked for", kind: "query" });
    }
    const selected = active === null ? null : `hit ${active}`;
    return { boxes: shapes, classes, selected, draft: draft && { ...draft, label: "look for this" }, fixed: true };
  }

  private describe(item: number): string {
    const { image, score } = this.hits.get(item);
    const decision = this.hits.decision(item);
    const said = decision === undefined ? "not judged" : decision.accepted ? `accepted as ${decision.label}` : "rejected";
    return `hit in ${image}, score ${score.toFixed(2)}, ${said}`;
  }

  private decorate(context: CanvasRenderingContext2D, item: number, tile: Box): void {
    const decision = this.hits.decision(item);
    if (decision?.accepted === false) shade(context, tile);
    caption(context, tile, this.hits.get(item).score.toFixed(2));
    if (decision?.accepted) badge(context, tile, "✓", colorOfClass(this.hello.classes, decision.label), "#000");
    else if (decision) badge(context, tile, "✕", "#d55e00", "#000");
  }

  private showState(): void {
    this.toolbar.showState(this.state, this.wall.shown.length);
  }
}
