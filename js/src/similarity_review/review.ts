// The review: puts its parts together, runs commands of keys, buttons and the brush, and talks with the kernel.
import { Frame } from "../shared/frame";
import { newKey } from "../shared/identity";
import type { Outbox } from "../shared/outbox";
import { packed, unpacked } from "../shared/packing";
import { ColumnLoader } from "../shared/column_loader";
import type { Requests } from "../shared/requests";
import { Saving } from "../shared/saving";
import { outboxFor } from "../shared/outbox_for";
import { withoutUndone, undoTarget } from "../shared/pending";
import { Following } from "../shared/wall/following";
import { Wall } from "../shared/wall/wall";
import { inWords } from "./counts";
import { Details } from "./details";
import { type Command, commandOf, KEYS } from "./keys";
import { Lists } from "./lists";
import { Looking } from "./looking";
import type { About, Columns, Done, Gesture, Hello, Left, News, Says } from "./protocol";
import { CONFIRMED, type Grouping, MARKED, NO_CLASS, RELABELED, type Saying, Table, UNSAID } from "./table";
import { decorate, lineOf } from "./tiles";
import { Toolbar } from "./toolbar";

const TWICE_MS = 400;

type Said = Exclude<Gesture, { kind: "look" }>;

export class Review {
  private readonly frame: Frame<Command>;
  private readonly table: Table;
  private readonly wall: Wall;
  private readonly toolbar: Toolbar;
  private readonly details: Details;
  private readonly lists: Lists;
  private readonly outbox: Outbox<Gesture, Done>;
  private readonly saving: Saving;
  private readonly reading: ColumnLoader<Columns>;
  private readonly following: Following<About>;
  private readonly looking: Looking;
  private revision: number;
  private left: Left = [0, 0, 0];
  /** What the brush does on its way, which is said when it is lifted. */
  private stroke: { says: "wrong" | "nothing"; items: number[] } | null = null;
  /** What the last click or drag did, which goes on with Shift. */
  private lastSays: "wrong" | "nothing" = "wrong";
  private lastDab: { item: number; at: number; action: string } | null = null;
  private order: Int32Array = new Int32Array(0);
  private arranging = 0;

  constructor(
    root: HTMLElement,
    requests: Requests,
    private readonly hello: Hello,
  ) {
    this.revision = hello.revision;
    this.table = new Table(hello.classes);
    this.lists = new Lists(requests);
    this.frame = new Frame<Command>(root, {
      keys: KEYS,
      commandOf,
      run: (command) => this.run(command),
      focus: () => this.wall.focus(),
    });
    this.outbox = outboxFor(requests, hello, "labels", (gesture: Gesture, done: Done) => this.delivered(gesture, done));
    this.saving = new Saving(this.outbox, requests, this.frame.trouble, hello.logName, () => this.foretell());
    this.toolbar = new Toolbar(hello, this.saving.sign.root, this.frame.run, this.frame.focus, {
      changed: () => void this.arrange(),
      resize: (side) => this.wall.resizeTiles(side),
    });
    this.wall = new Wall(requests, "Images", {
      describe: (item) => this.describe(item),
      decorate: (context, item, tile) => decorate(this.table, context, item, tile),
      changed: () => this.moved(),
      open: () => this.run({ do: "zoom" }),
      failed: this.frame.failed,
      brush: {
        dab: (item) => this.dab(item),
        sweep: (items) => void this.say({ says: this.lastSays }, items),
        stroke: (items) => this.paint(items),
        lift: (kept) => this.lift(kept),
      },
    });
    this.details = new Details(
      { facts: (item) => this.facts(item), line: (item) => lineOf(this.table, item) },
      (item) => this.goTo(item),
      () => this.run({ do: "zoom" }),
    );
    this.reading = new ColumnLoader<Columns>(
      requests,
      "columns",
      (start, part, buffers) => this.load(start, part, buffers),
      () => this.foretell(),
      this.frame.failed,
      this.frame.signal,
    );
    this.following = new Following<About>(
      requests,
      () => this.wall,
      (item, about, pictures) => this.details.show(item, about, pictures),
      (sentence) => this.details.say(sentence),
    );
    this.looking = new Looking(
      () => this.unseen,
      (items) => this.outbox.push({ kind: "look", ...this.about, items: packed(items, this.table.count) }),
    );
    requests.onNews = (news: News, buffers) => this.heard(news, buffers);
    this.frame.fill([this.toolbar.root], this.wall.root, this.details.root);
    void this.begin();
  }

  renew(): void {
    void this.reading.from(0);
  }

  failed(error: Error): void {
    this.frame.failed(error);
  }

  dispose(): void {
    this.looking.dispose();
    this.saving.dispose();
    this.following.dispose();
    this.frame.dispose();
    this.wall.dispose();
    this.details.forget();
  }

  private async begin(): Promise<void> {
    await this.reading.from(0);
    if (this.frame.signal.aborted) return;
    this.wall.grow(this.table.count);
    await this.arrange();
    await this.outbox.flush();
  }

  private run(command: Command): void {
    switch (command.do) {
      case "mark": {
        const items = this.targets;
        this.say({ says: items.every((item) => this.table.isWrong(item)) ? "nothing" : "wrong" }, items);
        return;
      }
      case "class": {
        const label = command.position < this.hello.offered ? this.hello.classes[command.position] : undefined;
        if (label !== undefined) this.say({ says: "label", label }, this.classTargets);
        return;
      }
      case "back":
        this.say({ says: "nothing" }, this.targets);
        return;
      case "undo":
      case "redo":
        return this.takeBack(command.do);
      case "again":
        return void this.arrange();
      case "select":
        this.wall.selecting = !this.wall.selecting;
        this.toolbar.showSelecting(this.wall.selecting);
        return this.frame.tell(this.wall.selecting ? "clicks and drags select" : "clicks and drags mark");
      case "zoom":
        this.frame.root.classList.toggle("ig-zoomed");
        return this.wall.focus();
      case "escape":
        return this.zoomed ? this.run({ do: "zoom" }) : undefined;
    }
  }

  private get zoomed(): boolean {
    return this.frame.root.classList.contains("ig-zoomed");
  }

  /** What keys and buttons are about: in the zoom the one that is seen, else what is selected or has the keyboard. */
  private get targets(): number[] {
    const { active } = this.wall;
    return this.zoomed && active !== null ? [active] : this.wall.targets;
  }

  private get classTargets(): number[] {
    const { hovered, selection } = this.wall;
    return hovered !== null && selection.count === 0 && !this.zoomed ? [hovered] : this.targets;
  }

  /** Items in sight that were not looked at. */
  private get unseen(): number[] {
    const { active } = this.wall;
    const seen = this.zoomed ? (active === null ? [] : [active]) : this.wall.inSight;
    return seen.filter((item) => !this.table.isSeen(item));
  }

  /** What every gesture says: its name, and which images and labels it is about. */
  private get about(): { action: string; review: string } {
    return { action: newKey(), review: this.hello.review };
  }

  /**
   * Say something about images, as far as it is new. It is on the wall at once, and in the log a moment later.
   *
   * @returns the name of the gesture, or null where it says nothing
   */
  private say(says: Says, among: readonly number[]): string | null {
    const items = among.filter((item) => this.changes(says, item));
    this.lastDab = null;
    if (items.length === 0) {
      this.frame.tell(says.says === "wrong" ? "there is no label that could be wrong: give a class" : "nothing to change");
      return null;
    }
    const { about } = this;
    this.outbox.push({ kind: "say", ...about, items: packed(items, this.table.count), ...says });
    this.foretell();
    const images = `${items.length} ${items.length === 1 ? "image" : "images"}`;
    if (says.says === "label") this.frame.tell(`${images}: ${says.label}`);
    else this.frame.tell(`${images} ${says.says === "wrong" ? "marked as wrong" : "taken back"}`);
    return about.action;
  }

  /** Whether saying this about an image says anything new. */
  private changes(says: Says, item: number): boolean {
    const state = this.table.state(item);
    if (says.says === "nothing") return state !== UNSAID;
    if (says.says === "wrong") return !this.table.isWrong(item) && this.table.given[item] !== NO_CLASS;
    return this.table.label(item) !== this.table.classes.indexOf(says.label) || state === UNSAID || state === MARKED;
  }

  private dab(item: number): void {
    const [last, at] = [this.lastDab, performance.now()];
    if (last?.item === item && at - last.at < TWICE_MS) {
      // a double click opens the image, and says nothing about it
      this.lastDab = null;
      this.outbox.push({ kind: "undo", ...this.about, of: last.action });
      return this.foretell();
    }
    this.lastSays = this.table.isWrong(item) ? "nothing" : "wrong";
    const action = this.say({ says: this.lastSays }, [item]);
    if (action !== null) this.lastDab = { item, at, action };
  }

  private paint(items: readonly number[]): void {
    if (!this.stroke) {
      this.lastSays = this.table.isWrong(items[0] as number) ? "nothing" : "wrong";
      this.stroke = { says: this.lastSays, items: [] };
    }
    const { says } = this.stroke;
    this.stroke.items.push(...items.filter((item) => this.changes({ says }, item)));
    this.foretell();
  }

  private lift(kept: boolean): void {
    const { stroke } = this;
    this.stroke = null;
    this.foretell();
    if (kept && stroke) this.say({ says: stroke.says }, stroke.items);
  }

  private takeBack(kind: "undo" | "redo"): void {
    this.lastDab = null;
    this.outbox.push({ kind, ...this.about, ...undoTarget(this.ours, kind) });
    this.foretell(); // what the kernel has not saved yet is taken back at once
    this.frame.tell(`${kind} …`);
  }

  /** What was said, waits, and is about these images and labels. */
  private get ours(): readonly Said[] {
    return this.outbox.waiting.filter(
      (gesture): gesture is Said => gesture.review === this.hello.review && gesture.kind !== "look",
    );
  }

  /** Show what was said and is not in the log yet, on top of what is. */
  private foretell(): void {
    const looks = this.outbox.waiting.flatMap((gesture) =>
      gesture.review === this.hello.review && gesture.kind === "look" ? [{ items: unpacked(gesture.items) }] : [],
    );
    const said = withoutUndone(this.ours).map((gesture) => ({ ...gesture, items: unpacked(gesture.items) }));
    this.table.foretell([...looks, ...said, ...(this.stroke ? [this.stroke] : [])]);
    this.showProgress();
    this.details.update();
    this.wall.redraw();
  }

  private delivered(gesture: Gesture, { touched }: Done): void {
    const { kind } = gesture;
    if (kind === "say" || kind === "look") this.table.accept({ ...gesture, items: unpacked(gesture.items) } as Saying);
    else if (touched === 0) this.frame.tell(`nothing to ${kind}`);
    else this.frame.tell(`${kind}: ${touched} ${touched === 1 ? "image" : "images"}`);
    this.foretell();
  }

  private heard({ sheet, changed }: News, buffers: DataView[]): void {
    if (sheet) this.wall.receive(sheet, buffers[0]);
    if (!changed) return;
    // read again everything, if something was missed or there is too much of it
    if (changed.all || changed.revision !== this.revision + 1 || this.reading.busy) return void this.reading.from(0);
    this.revision = changed.revision;
    this.left = changed.left;
    this.table.change(buffers);
    this.foretell();
  }

  private load(start: number, { revision, left }: Columns, buffers: readonly DataView[]): void {
    this.table.load(start, buffers);
    this.revision = revision;
    this.left = left;
  }

  /** Show what the filter lets through. What is changed later stays where it is until this is done again. */
  private async arrange(): Promise<void> {
    const mine = ++this.arranging;
    try {
      const [order, grouping] = await Promise.all([this.lists.order(this.toolbar.order), this.grouping()]);
      if (mine !== this.arranging || this.frame.signal.aborted) return; // another one was chosen meanwhile
      this.order = order;
      const arranged = this.table.arrange(order, this.toolbar.filter, grouping);
      this.wall.show(arranged.order, arranged.sections);
    } catch (error) {
      this.frame.failed(error as Error);
    }
  }

  private async grouping(): Promise<Grouping | null> {
    const name = this.toolbar.grouping;
    if (name === "none") return null;
    return name === "label" ? { groups: this.table.given, name: (label) => this.table.name(label) } : this.lists.grouping(name);
  }

  private moved(): void {
    this.toolbar.showSize(this.wall.tileSide);
    this.showProgress();
    this.following.moved();
  }

  private goTo(item: number): void {
    const place = this.wall.placeOf(item);
    if (place < 0) return this.frame.tell("this image is not shown: choose another order or filter");
    this.wall.go(place);
    this.wall.focus();
  }

  private facts(item: number): [string, string][] {
    const given = this.table.given[item] as number;
    const state = this.table.state(item);
    const said = {
      [MARKED]: "is wrong",
      [RELABELED]: `is ${this.table.name(this.table.label(item))}`,
      [CONFIRMED]: "is right",
    }[state];
    return [
      ["given label", this.table.name(given)],
      ["you said", said ?? "nothing"],
      ["reviewed", this.table.isSeen(item) ? "yes" : "not yet"],
    ];
  }

  private describe(item: number): string {
    const [[, given], [, said], [, seen]] = this.facts(item) as [[string, string], [string, string], [string, string]];
    return `image ${item + 1}, label ${given}, you said ${said}, reviewed: ${seen}`;
  }

  private showProgress(): void {
    const { seen, errors } = this.table;
    this.toolbar.showCounts(
      inWords({ selected: this.wall.selection.count, seen, errors, shown: this.hello.shown, left: this.left }),
    );
    this.toolbar.showAgain(this.staleness);
  }

  /** How many images would leave and come if the filter were applied again; null where there is none. */
  private get staleness(): { leave: number; come: number } | null {
    const { filter } = this.toolbar;
    if (filter.show === "all" && filter.label === null) return null;
    let [leave, come] = [0, 0];
    for (const item of this.order) {
      const [fits, there] = [this.table.admits(filter, item), this.wall.placeOf(item) >= 0];
      if (there && !fits) leave++;
      else if (fits && !there) come++;
    }
    return { leave, come };
  }
}
