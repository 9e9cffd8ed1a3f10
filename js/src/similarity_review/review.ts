// The review: puts its parts together, and runs commands of keys, buttons and the brush.
import { column } from "../shared/columns";
import type { Requests } from "../shared/requests";
import { DetailsLoader } from "../shared/wall/details_loader";
import { RowsSession } from "../shared/wall/rows_session";
import { progressText } from "./counts";
import { Details } from "./details";
import { type Command, commandOf, KEYS } from "./keys";
import { Lists } from "./lists";
import type { About, Hello, Known, Left, Says } from "./protocol";
import { SeenTracker } from "./seen_tracker";
import { CONFIRMED, type Grouping, MARKED, NO_CLASS, RELABELED, Table, UNSAID } from "./table";
import { decorate, lineOf } from "./tiles";
import { Toolbar } from "./toolbar";

const TWICE_MS = 400;

/** What a gesture says; one that is only a look says nothing. */
type Edited = Says | { says?: never };

export class Review {
  readonly view: RowsSession<Command, Edited, Known, object, Hello>;
  private readonly table: Table;
  private readonly toolbar: Toolbar;
  private readonly details: Details;
  private readonly detailsLoader: DetailsLoader<About>;
  private readonly lists: Lists;
  private readonly tracker: SeenTracker;
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
    buffers: readonly DataView[] = [],
  ) {
    this.table = new Table(hello.classes);
    this.lists = new Lists(requests);
    const first = buffers[this.table.width + 1];
    if (first) this.lists.keepOrder(hello.orders[0] as string, column(Int32Array, first));
    this.view = new RowsSession<Command, Edited, Known, object, Hello>(root, requests, hello, this.table, {
      kind: "labels",
      noun: ["image", "images"],
      label: "Images",
      keys: KEYS,
      asides: new Set(["look"]),
      commandOf,
      run: (command) => this.run(command),
      wall: {
        describe: (item) => this.describe(item),
        decorate: (context, item, tile) => decorate(this.table, context, item, tile),
        changed: () => this.moved(),
        brush: {
          dab: (item) => this.dab(item),
          sweep: (items) => void this.say({ says: this.lastSays }, items),
          stroke: (items) => this.paint(items),
          lift: (kept) => this.lift(kept),
        },
      },
      learn: ({ left }) => {
        this.left = left;
      },
      changed: () => this.changed(),
      arrange: () => this.arrange(),
      unsaid: () => (this.stroke ? [this.stroke] : []),
      dispose: () => this.dispose(),
    });
    this.toolbar = new Toolbar(this.view.session, hello, {
      changed: () => void this.arrange(),
      resize: (side) => this.wall.resizeTiles(side),
    });
    this.details = new Details(
      { facts: (item) => this.facts(item), line: (item) => lineOf(this.table, item) },
      (item) => this.goTo(item),
      () => this.view.zoom(),
    );
    this.detailsLoader = new DetailsLoader<About>(
      requests,
      this.wall,
      (item, about, pictures) => this.details.show(item, about, pictures),
      (sentence) => this.details.say(sentence),
    );
    this.tracker = new SeenTracker(
      () => this.unseen,
      (items) => this.view.push("look", items),
    );
    this.view.session.fill([this.toolbar.root], this.wall.root, this.details.root);
    void this.view.begin(hello, buffers);
  }

  private get wall() {
    return this.view.wall;
  }

  private dispose(): void {
    this.tracker.dispose();
    this.detailsLoader.dispose();
    this.details.forget();
  }

  private run(command: Command): void {
    const { view, wall } = this;
    switch (command.do) {
      case "mark": {
        const items = view.targets;
        this.say({ says: items.every((item) => this.table.isWrong(item)) ? "nothing" : "wrong" }, items);
        return;
      }
      case "class": {
        const label = command.position < this.hello.offered ? this.hello.classes[command.position] : undefined;
        if (label !== undefined) this.say({ says: "label", label }, view.targets);
        return;
      }
      case "back":
        this.say({ says: "nothing" }, view.targets);
        return;
      case "undo":
      case "redo":
        this.lastDab = null;
        return view.takeBack(command.do);
      case "again":
        return void this.arrange();
      case "select":
        wall.selecting = !wall.selecting;
        this.toolbar.showSelecting(wall.selecting);
        return view.session.tell(wall.selecting ? "clicks and drags select" : "clicks and drags mark");
      case "unseen":
        return view.goToFirst((item) => !this.table.isSeen(item), "every image shown was looked at");
      case "zoom":
        return view.zoom();
      case "escape":
        return view.zoomed ? view.zoom() : undefined;
    }
  }

  /** Items in sight that were not looked at. */
  private get unseen(): number[] {
    const seen = this.view.zoomed ? this.view.targets : this.wall.inSight;
    return seen.filter((item) => !this.table.isSeen(item));
  }

  /**
   * Say something about images, as far as it is new.
   *
   * @returns the name of the gesture, or null where it says nothing
   */
  private say(says: Says, among: readonly number[]): string | null {
    const { session } = this.view;
    const items = among.filter((item) => this.changes(says, item));
    this.lastDab = null;
    if (items.length === 0) {
      session.tell(says.says === "wrong" ? "there is no label that could be wrong: give a class" : "nothing to change");
      return null;
    }
    const action = this.view.push("say", items, says);
    const images = this.view.counted(items.length);
    if (says.says === "label") session.tell(`${images}: ${says.label}`);
    else session.tell(`${images} ${says.says === "wrong" ? "marked as wrong" : "taken back"}`);
    return action;
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
      return this.view.retract(last.action);
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
    this.view.showPending();
  }

  private lift(kept: boolean): void {
    const { stroke } = this;
    this.stroke = null;
    this.view.showPending();
    if (kept && stroke) this.say({ says: stroke.says }, stroke.items);
  }

  private changed(): void {
    this.showProgress();
    this.toolbar.showClassCounts(this.table.labelCounts);
    this.details.update();
  }

  /** Show what the filter lets through. What is changed later stays where it is until this is done again. */
  private async arrange(): Promise<void> {
    const mine = ++this.arranging;
    const { session } = this.view;
    try {
      const [order, grouping] = await Promise.all([this.lists.order(this.toolbar.order), this.grouping()]);
      if (mine !== this.arranging || session.signal.aborted) return; // another one was chosen meanwhile
      this.order = order;
      const arranged = this.table.arrange(order, this.toolbar.filter, grouping);
      this.wall.show(arranged.order, arranged.sections);
    } catch (error) {
      session.failed(error as Error);
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
    this.detailsLoader.moved();
  }

  private goTo(item: number): void {
    const place = this.wall.placeOf(item);
    if (place < 0) return this.view.session.tell("this image is not shown: choose another order or filter");
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
      progressText({ selected: this.wall.selection.count, seen, errors, shown: this.hello.shown, left: this.left }),
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
