// The gallery: puts its parts together, and runs commands of keys and buttons.
import type { Box } from "../shared/box";
import { cut, isolated } from "../shared/names";
import { colorOf } from "../shared/palette";
import type { Requests } from "../shared/requests";
import { DetailsLoader } from "../shared/wall/details_loader";
import { badge, caption, shade } from "../shared/wall/marks";
import { RowsSession } from "../shared/wall/rows_session";
import { Details } from "./details";
import { type Command, commandOf, KEYS } from "./keys";
import { MakingBar } from "./making";
import type { About, Hello, Known, Making, News } from "./protocol";
import { DROPPED, isClass, type Judgment, KEPT, ORIGINS, STATES, Table, UNDECIDED } from "./table";
import { Toolbar } from "./toolbar";

const NAMED_FROM_PIXELS = 84; // smaller tiles have no room for a name

export class Gallery {
  readonly view: RowsSession<Command, Judgment, Known, News, Hello>;
  private readonly table = new Table();
  private readonly toolbar: Toolbar;
  private readonly making: MakingBar;
  private readonly details: Details;
  private readonly detailsLoader: DetailsLoader<About>;
  private family: number | null = null;

  constructor(root: HTMLElement, requests: Requests, hello: Hello, buffers: readonly DataView[] = []) {
    this.view = new RowsSession<Command, Judgment, Known, News, Hello>(root, requests, hello, this.table, {
      kind: "patterns",
      noun: ["pattern", "patterns"],
      label: "Patterns",
      keys: KEYS,
      commandOf,
      run: (command) => this.run(command),
      wall: {
        describe: (item) => this.describe(item),
        decorate: (context, item, tile) => this.decorate(context, item, tile),
        changed: () => this.moved(),
      },
      learn: ({ classes }) => this.learn(classes),
      changed: () => this.changed(),
      arrange: () => this.arrange(),
      heard: ({ making }) => making && this.heardOfMaking(making),
      dispose: () => this.dispose(),
    });
    const { session } = this.view;
    this.toolbar = new Toolbar(session, hello.sortable, {
      changed: () => this.arrange(),
      resize: (side) => this.wall.resizeTiles(side),
    });
    this.making = new MakingBar(
      hello.generators,
      (name, count) => void requests.ask("make", { name, count }).catch(session.failed),
      () => void requests.ask("stop").catch(session.failed),
      session.focus,
    );
    this.details = new Details(
      () => this.toParent(),
      () => this.view.zoom(),
    );
    this.detailsLoader = new DetailsLoader<About>(
      requests,
      this.wall,
      (item, about, pictures) => this.details.show(about, pictures, this.facts(item), this.table.parentOf(item) >= 0),
      (sentence) => this.details.say(sentence),
    );
    session.fill([this.toolbar.root, this.making.root], this.wall.root, this.details.root);
    this.making.show(hello.making);
    void this.view.begin(hello, buffers);
  }

  private get wall() {
    return this.view.wall;
  }

  private dispose(): void {
    this.detailsLoader.dispose();
    this.details.forget();
  }

  private run(command: Command): void {
    switch (command.do) {
      case "keep":
        return this.judge({ present: true });
      case "drop":
        return this.judge({ present: false });
      case "class": {
        const label = this.table.classes[command.position];
        return label === undefined ? undefined : this.judge({ label });
      }
      case "undo":
      case "redo":
        return this.view.takeBack(command.do);
      case "family":
        this.family = this.family === null ? this.wall.active : null;
        return this.arrange();
      case "undecided":
        return this.view.goToFirst((item) => this.table.stateOf(item) === UNDECIDED, "every pattern shown is kept or dropped");
      case "zoom":
        return this.view.zoom();
      case "escape":
        if (this.view.zoomed) return this.view.zoom();
        return this.family === null ? undefined : this.run({ do: "family" });
    }
  }

  /** Say something about the selected patterns. */
  private judge(judgment: Judgment): void {
    const items = this.wall.targets;
    if (items.length === 0) return;
    this.view.push("judge", items, judgment);
    const { present, label } = judgment;
    const done = label !== undefined ? `: ${isolated(label)}` : present ? " kept" : " dropped";
    this.view.session.tell(`${this.view.counted(items.length)}${done}`);
    // one pattern after the other by keys: the next one is there already
    if (this.wall.selection.count <= 1) this.wall.step(1);
  }

  private learn(classes: readonly string[]): void {
    this.table.classes = classes;
    this.toolbar.showClasses(classes);
    this.detailsLoader.forget();
  }

  private changed(): void {
    this.toolbar.showOrigins(this.table.originCounts);
    this.toolbar.showClassCounts(this.table.classCounts);
    this.moved();
  }

  private heardOfMaking(making: Making): void {
    this.making.show(making);
    if (making.error) this.view.session.frame.trouble.show(making.error.message, making.error.details);
  }

  /** Show what the filters let through. What was just changed stays where it is until this is done again. */
  private arrange(): void {
    const { order, sections } = this.table.arrange(this.toolbar.filter(this.family), this.toolbar.sorted);
    this.toolbar.showFamily(this.family !== null);
    this.wall.show(order, sections);
  }

  private moved(): void {
    this.toolbar.showSize(this.wall.tileSide);
    this.showCounts();
    this.detailsLoader.moved();
  }

  private facts(item: number): [string, string][] {
    const importance = this.table.importanceOf(item);
    return [
      ["class", this.table.label(item) ?? "none"],
      ["decision", STATES[this.table.stateOf(item)] ?? ""],
      ...(Number.isNaN(importance) ? [] : [["importance", importance.toPrecision(3)] as [string, string]]),
    ];
  }

  private toParent(): void {
    const place = this.wall.placeOf(this.table.parentOf(this.wall.active ?? -1));
    if (place < 0) return this.view.session.tell("its parent is not shown: choose other filters");
    this.wall.go(place);
    this.wall.focus();
  }

  private describe(item: number): string {
    const origin = ORIGINS[this.table.originOf(item)];
    return `pattern ${item + 1}, ${this.table.label(item) ?? "no class"}, ${origin}, ${STATES[this.table.stateOf(item)]}`;
  }

  private decorate(context: CanvasRenderingContext2D, item: number, tile: Box): void {
    const [label, state, origin] = [this.table.classOf(item), this.table.stateOf(item), this.table.originOf(item)];
    if (state === DROPPED) shade(context, tile);
    if (isClass(label)) {
      context.fillStyle = colorOf(label);
      context.fillRect(tile.x, tile.y + tile.height - 4, tile.width, 4);
    }
    if (tile.width >= NAMED_FROM_PIXELS) {
      const made = origin === 0 ? "" : ` · ${ORIGINS[origin]}`;
      caption(context, tile, `${isolated(cut(this.table.label(item) ?? ""))}${made}`);
    }
    if (state === DROPPED) badge(context, tile, "✕", "#d55e00", "#fff");
    else if (state === KEPT) badge(context, tile, "✓", "#0072b2", "#fff");
  }

  private showCounts(): void {
    const dropped = this.table.stateCounts[DROPPED] as number;
    const { count } = this.wall.selection;
    const selected = count > 0 ? `${count} selected of ` : "";
    const shown = this.wall.shown.length;
    const all = shown === this.table.count ? "" : ` of ${this.table.count}`;
    this.toolbar.showCounts(`${selected}${shown}${all} patterns, ${dropped} dropped`);
  }
}
