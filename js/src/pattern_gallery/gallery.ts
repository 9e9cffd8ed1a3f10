// The gallery: puts its parts together, runs commands of keys and buttons, and talks with the kernel.
import type { Box } from "../shared/box";
import { Frame } from "../shared/frame";
import { newKey } from "../shared/identity";
import { cut, isolated } from "../shared/names";
import type { Outbox } from "../shared/outbox";
import { packed, unpacked } from "../shared/packing";
import { colorOf } from "../shared/palette";
import { ColumnLoader } from "../shared/column_loader";
import type { Requests } from "../shared/requests";
import { Saving } from "../shared/saving";
import { outboxFor } from "../shared/outbox_for";
import { withoutUndone, undoTarget } from "../shared/pending";
import { Following } from "../shared/wall/following";
import { badge, caption, shade } from "../shared/wall/marks";
import { Wall } from "../shared/wall/wall";
import { Details } from "./details";
import { type Command, commandOf, KEYS } from "./keys";
import { MakingBar } from "./making";
import type { About, Columns, Done, Gesture, Hello, Making, News } from "./protocol";
import { DROPPED, isClass, type Judgment, KEPT, ORIGINS, STATES, Table } from "./table";
import { Toolbar } from "./toolbar";

const NAMED_FROM_PIXELS = 84; // smaller tiles have no room for a name

export class Gallery {
  private readonly frame: Frame<Command>;
  private readonly table = new Table();
  private readonly wall: Wall;
  private readonly toolbar: Toolbar;
  private readonly making: MakingBar;
  private readonly details = new Details(
    () => this.toParent(),
    () => this.run({ do: "zoom" }),
  );
  private readonly outbox: Outbox<Gesture, Done>;
  private readonly saving: Saving;
  private revision: number;
  /** The names of the first patterns, by their number. */
  private readonly names = new Map<number, string>();
  private readonly reading: ColumnLoader<Columns>;
  private readonly following: Following<About>;
  private family: number | null = null;

  constructor(
    root: HTMLElement,
    requests: Requests,
    hello: Hello,
  ) {
    this.revision = hello.revision;
    this.names.set(hello.count, hello.gallery);
    this.frame = new Frame<Command>(root, {
      keys: KEYS,
      commandOf,
      run: (command) => this.run(command),
      focus: () => this.wall.focus(),
    });
    this.outbox = outboxFor(requests, hello, "patterns", (gesture: Gesture, done: Done) => this.delivered(gesture, done));
    this.saving = new Saving(this.outbox, requests, this.frame.trouble, hello.logName, () => this.foretell());
    this.toolbar = new Toolbar(
      hello.sortable,
      this.saving.sign.root,
      this.frame.run,
      this.frame.focus,
      () => this.arrange(),
      (side) => this.wall.resizeTiles(side),
    );
    this.making = new MakingBar(
      hello.makers,
      (name, count) => void requests.ask("make", { name, count }).catch(this.frame.failed),
      () => void requests.ask("stop").catch(this.frame.failed),
      this.frame.focus,
    );
    this.wall = new Wall(requests, "Patterns", {
      describe: (item) => this.describe(item),
      decorate: (context, item, tile) => this.decorate(context, item, tile),
      changed: () => this.moved(),
      open: () => this.run({ do: "zoom" }),
      failed: this.frame.failed,
    });
    this.reading = new ColumnLoader<Columns>(
      requests,
      "columns",
      (start, part, buffers) => this.load(start, part, buffers),
      () => this.loaded(),
      this.frame.failed,
      this.frame.signal,
    );
    this.following = new Following<About>(
      requests,
      () => this.wall,
      (item, about, pictures) => {
        this.details.show(about, pictures, this.facts(item), (this.table.parents[item] as number) >= 0);
      },
      (sentence) => this.details.say(sentence),
    );
    requests.onNews = (news: News, buffers) => this.heard(news, buffers);
    this.frame.fill([this.toolbar.root, this.making.root], this.wall.root, this.details.root);
    this.making.show(hello.making);
    void this.reading.from(0).then(() => this.outbox.flush());
  }

  renew(): void {
    void this.reading.from(0);
  }

  failed(error: Error): void {
    this.frame.failed(error);
  }

  dispose(): void {
    this.saving.dispose();
    this.following.dispose();
    this.frame.dispose();
    this.wall.dispose();
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
        return this.takeBack(command.do);
      case "family":
        this.family = this.family === null ? this.wall.active : null;
        return this.arrange();
      case "zoom":
        this.frame.root.classList.toggle("ig-zoomed");
        return this.wall.focus();
      case "escape":
        if (this.frame.root.classList.contains("ig-zoomed")) return this.run({ do: "zoom" });
        return this.family === null ? undefined : this.run({ do: "family" });
    }
  }

  /** Say something about the selected patterns. It is on the wall at once, and in the log a moment later. */
  private judge(said: { present?: boolean; label?: string }): void {
    const items = this.wall.targets;
    if (items.length === 0) return;
    const about = this.about(items.at(-1));
    this.outbox.push({ kind: "judge", action: newKey(), ...about, items: packed(items, this.table.count), ...said });
    this.foretell();
    const done = said.label !== undefined ? `are ${said.label} now` : said.present ? "kept" : "dropped";
    this.frame.tell(`${items.length} ${items.length === 1 ? "pattern" : "patterns"} ${done}`);
    // one pattern after the other by keys: the next one is there already
    if (this.wall.selection.count <= 1) this.wall.step(1);
  }

  private takeBack(kind: "undo" | "redo"): void {
    this.outbox.push({ kind, action: newKey(), ...this.about(), ...undoTarget(this.ours, kind) });
    this.foretell(); // what the kernel has not saved yet is taken back at once
    this.frame.tell(`${kind} …`);
  }

  /** Show what was said and is not in the log yet, on top of what is. */
  private foretell(): void {
    this.table.foretell(withoutUndone(this.ours).map(judgmentOf));
    this.showCounts();
    this.wall.redraw();
  }

  /** What waits and is about these patterns. */
  private get ours(): readonly Gesture[] {
    return this.outbox.waiting.filter(({ count, gallery }) => this.names.get(count) === gallery);
  }

  /**
   * Which patterns a gesture is about: all of them, or as few as have a name together and contain this one, since a
   * restarted kernel has only those that were there at first.
   */
  private about(item = Infinity): { gallery: string; count: number } {
    const counts = [...this.names.keys()];
    const count = Math.min(...counts.filter((some) => some > item), Math.max(...counts));
    return { gallery: this.names.get(count) as string, count };
  }

  private delivered(gesture: Gesture, { touched }: Done): void {
    const { kind } = gesture;
    if (kind === "judge") this.table.accept(judgmentOf(gesture));
    else if (touched === 0) this.frame.tell(`nothing to ${kind}`);
    else this.frame.tell(`${kind}: ${touched} ${touched === 1 ? "pattern" : "patterns"}`);
    this.foretell();
  }

  private heard({ sheet, making, changed, grown }: News, buffers: DataView[]): void {
    if (sheet) this.wall.receive(sheet, buffers[0]);
    if (making) this.heardOfMaking(making);
    if (changed) {
      // read again everything, if something was missed or there is too much of it
      if (changed.all || changed.revision !== this.revision + 1 || this.reading.busy) return void this.reading.from(0);
      this.revision = changed.revision;
      this.table.classes = changed.classes;
      this.table.change(buffers);
      this.toolbar.showClasses(changed.classes);
      this.following.forget();
      this.moved();
      this.wall.redraw();
    }
    if (grown) {
      this.names.set(grown.count, grown.gallery);
      void this.reading.from(this.table.count);
    }
  }

  private heardOfMaking(making: Making): void {
    this.making.show(making);
    if (making.error) this.frame.trouble.show(making.error.message, making.error.details);
  }

  private load(start: number, { revision, classes }: Columns, buffers: readonly DataView[]): void {
    this.table.load(start, buffers);
    this.table.classes = classes;
    this.revision = revision;
  }

  private loaded(): void {
    const more = this.table.count !== this.wall.total;
    this.foretell();
    this.wall.grow(this.table.count);
    this.toolbar.showClasses(this.table.classes);
    this.following.forget();
    if (more) this.arrange();
    else this.moved();
    this.wall.redraw();
  }

  /** Show what the filters let through. What was just changed stays where it is until this is done again. */
  private arrange(): void {
    const { order, sections } = this.table.arrange(this.toolbar.filter(this.family), this.toolbar.sorted);
    this.toolbar.showFamily(this.family !== null);
    this.wall.show(order, sections);
  }

  private moved(): void {
    this.toolbar.showSize(this.wall.tileSide);
    this.toolbar.showOrigins(this.table.originCounts);
    this.showCounts();
    this.following.moved();
  }

  private facts(item: number): [string, string][] {
    const importance = this.table.importance[item] as number;
    return [
      ["class", this.table.label(item) ?? "none"],
      ["decision", STATES[this.table.states[item] as number] ?? ""],
      ...(Number.isNaN(importance) ? [] : [["importance", importance.toPrecision(3)] as [string, string]]),
    ];
  }

  private toParent(): void {
    const parent = this.table.parents[this.wall.active ?? -1] ?? -1;
    const position = this.wall.shown.indexOf(parent);
    if (position < 0) return this.frame.tell("its parent is not shown: choose other filters");
    this.wall.go(position);
    this.wall.focus();
  }

  private describe(item: number): string {
    const state = STATES[this.table.states[item] as number];
    const origin = ORIGINS[this.table.origins[item] as number];
    return `pattern ${item + 1}, ${this.table.label(item) ?? "no class"}, ${origin}, ${state}`;
  }

  private decorate(context: CanvasRenderingContext2D, item: number, tile: Box): void {
    const { states, labels, origins } = this.table;
    const label = labels[item] as number;
    const dropped = states[item] === DROPPED;
    if (dropped) shade(context, tile);
    if (isClass(label)) {
      context.fillStyle = colorOf(label);
      context.fillRect(tile.x, tile.y + tile.height - 4, tile.width, 4);
    }
    if (tile.width >= NAMED_FROM_PIXELS) {
      const made = origins[item] === 0 ? "" : ` · ${ORIGINS[origins[item] as number]}`;
      caption(context, tile, `${isolated(cut(this.table.label(item) ?? ""))}${made}`);
    }
    if (dropped) badge(context, tile, "✕", "#d55e00", "#fff");
    else if (states[item] === KEPT) badge(context, tile, "✓", "#0072b2", "#fff");
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

function judgmentOf({ items, present, label }: Extract<Gesture, { kind: "judge" }>): Judgment {
  return { items: unpacked(items), present, label };
}
