// One person at work on a wall of rows: the rows as the kernel knows them, what is pending on top, and the wall itself.
import { ColumnLoader } from "../column_loader";
import type { Hello } from "../hello";
import { newKey } from "../identity";
import type { Help, KeyMap, KeyPress } from "../keys";
import type { Opened } from "../mount";
import type { Entry } from "../outbox";
import { packed, unpacked } from "../packing";
import { withoutUndone } from "../pending";
import type { Requests } from "../requests";
import { Session } from "../session";
import type { Edit, Rows, Schema } from "./rows";
import type { PlainSheet, Sheet } from "./thumbnails";
import { type WallActions, Wall } from "./wall";

/** The kernel's half of all of this is wall/rows_widget.py. */
export interface RowsHello extends Hello {
  count: number;
  /** Names the first `count` rows. */
  rows: string;
  revision: number;
  /**
   * Thumbnails of those that are shown first, or null. Then the buffers are the columns of all rows, the thumbnails and
   * what else the widget needs; else there are none.
   */
  sheet: PlainSheet | null;
}

/** Buffers: the columns of the rows from `start` on. */
export interface RowsPart {
  revision: number;
  count: number;
}

export interface RowsNews<K> {
  sheet?: Sheet;
  /** Buffers: rows, and their editable columns; where `all` is set there are none, and everything is read again. */
  changed?: { revision: number; all?: true } & K;
  /** There are so many rows now, which together have this name. */
  grown?: { count: number; rows: string };
}

/** What people do: to `items`, or, of an undo that may name it, to what the action `of` has done. */
export interface RowsGesture extends Entry {
  /** Names the first `count` rows, which the gesture is about. */
  rows: string;
  count: number;
  items?: number[] | string;
  of?: string;
}

/** The answer to a gesture: how many rows it was about. */
export interface Done {
  touched: number;
}

/** What makes a wall of rows the one that it is. `E`: what its gestures say, `K`: what is told with each revision. */
export interface RowsActions<C, E, K, N> {
  /** The kind of its gestures: widgets of one log deliver only what is of their kind. */
  readonly kind: string;
  /** What one row is, and several are. */
  readonly noun: readonly [string, string];
  readonly label: string;
  readonly keys: KeyMap;
  readonly wall: Omit<WallActions, "failed" | "open">;
  /** Kinds of gestures that undo passes over. */
  readonly asides?: ReadonlySet<string>;
  commandOf(press: KeyPress): C | Help | null;
  run(command: C): void;
  /** What the kernel tells besides the columns. */
  learn(told: K): void;
  /** Rows are other than they were, or seem so. */
  changed(): void;
  /** There are more rows: show them. */
  arrange(): Promise<void> | void;
  /** What is being done, and is in no gesture yet. */
  unsaid?(): readonly Edit<E>[];
  /** News of another kind. */
  heard?(news: N): void;
  dispose(): void;
}

export class RowsSession<C extends { do: string }, E, K, N, H extends RowsHello> implements Opened<H> {
  readonly session: Session<C, RowsGesture, Done, RowsNews<K> & N, H>;
  readonly wall: Wall;
  private readonly loader: ColumnLoader<RowsPart & K>;
  /** The names of the first rows, by their number. */
  private readonly names = new Map<number, string>();
  private arranged: Promise<void> | void = undefined;

  constructor(
    private readonly root: HTMLElement,
    requests: Requests,
    hello: H & K,
    private readonly rows: Rows<Schema, Edit<E>>,
    private readonly actions: RowsActions<C, E, K, N>,
  ) {
    this.session = new Session<C, RowsGesture, Done, RowsNews<K> & N, H>(root, requests, hello, {
      kind: actions.kind,
      keys: actions.keys,
      commandOf: (press) => actions.commandOf(press),
      run: (command) => actions.run(command),
      focus: () => this.wall.focus(),
      delivered: (gesture, done) => this.delivered(gesture, done),
      heard: (news, buffers) => this.heard(news, buffers),
      renew: (known) => this.check(known),
      gaveUp: () => this.showPending(),
      dispose: () => {
        actions.dispose();
        this.wall.dispose();
      },
    });
    this.wall = new Wall(requests, actions.label, {
      ...actions.wall,
      open: () => this.zoom(),
      failed: this.session.failed,
    });
    this.loader = new ColumnLoader<RowsPart & K>(
      requests,
      "columns",
      (start, part, buffers) => this.load(start, part, buffers),
      () => this.loaded(),
      this.session.failed,
      this.session.signal,
    );
    this.names.set(hello.count, hello.rows);
  }

  /** Show what came with the first message, read the rest, and deliver what an earlier view has left behind. */
  async begin(hello: H & K, buffers: readonly DataView[]): Promise<void> {
    if (hello.sheet) {
      this.load(0, hello, buffers);
      this.loaded();
      this.wall.take(hello.sheet, buffers[this.rows.width] as DataView);
    } else await this.loader.from(0);
    if (this.session.signal.aborted) return;
    await this.arranged;
    await this.session.begin();
  }

  renew(hello: H, buffers: DataView[]): void {
    this.session.renew(hello, buffers);
  }

  failed(error: Error): void {
    this.session.failed(error);
  }

  dispose(): void {
    this.session.dispose();
  }

  /** Do something to some items. It shows at once, and is in the log a moment later. Returns the name of the gesture. */
  push(kind: string, items: readonly number[], said: object = {}): string {
    const action = newKey();
    const last = items.reduce((most, item) => Math.max(most, item), -1);
    this.session.push({ kind, action, ...this.about(last), items: packed(items, this.rows.count), ...said });
    this.showPending();
    return action;
  }

  /** Take back one gesture, whatever was said since. */
  retract(action: string): void {
    this.session.push({ kind: "undo", action: newKey(), ...this.about(), of: action });
    this.showPending();
  }

  /** Undo or redo what came last. */
  takeBack(kind: "undo" | "redo"): void {
    this.session.takeBack(kind, this.about(), this.undoable);
    this.showPending(); // what the kernel has not saved yet is taken back at once
    this.session.tell(`${kind} …`);
  }

  /** Show what was said and is not in the log yet, on top of what is. */
  showPending(): void {
    const asides = this.ours.filter((gesture) => this.isAside(gesture));
    const gestures = [...asides, ...withoutUndone(this.undoable)];
    this.rows.showPending([...gestures.map((gesture) => editOf<E>(gesture)), ...(this.actions.unsaid?.() ?? [])]);
    this.redraw();
  }

  /** "1 image", "2 images". */
  counted(number: number): string {
    const [one, more] = this.actions.noun;
    return `${number} ${number === 1 ? one : more}`;
  }

  get zoomed(): boolean {
    return this.root.classList.contains("ig-zoomed");
  }

  /** Show the item at the cursor large, or all of them again. */
  zoom(): void {
    if (!this.zoomed) this.wall.settle();
    this.root.classList.toggle("ig-zoomed");
    this.wall.focus();
  }

  /** Go to the first item shown for which something is left to do; say so where there is none. */
  goToFirst(left: (item: number) => boolean, nothing: string): void {
    const place = this.wall.shown.findIndex(left);
    if (place < 0) return this.session.tell(nothing);
    this.wall.go(place);
    this.wall.focus();
  }

  /** What keys and buttons are about: in the zoom the one that is seen, else what is selected or below the cursor. */
  get targets(): number[] {
    const { active } = this.wall;
    return this.zoomed && active !== null ? [active] : this.wall.targets;
  }

  /** What waits and is about these rows. */
  private get ours(): readonly RowsGesture[] {
    return this.session.pending.filter(({ count, rows }) => this.names.get(count) === rows);
  }

  private get undoable(): readonly RowsGesture[] {
    return this.ours.filter((gesture) => !this.isAside(gesture));
  }

  private isAside({ kind }: RowsGesture): boolean {
    return this.actions.asides?.has(kind) ?? false;
  }

  /**
   * Which rows a gesture is about: all of them, or as few as have a name together and contain this one, since a restarted
   * kernel has only those that were there at first.
   */
  private about(item = Infinity): { rows: string; count: number } {
    const counts = [...this.names.keys()];
    const count = Math.min(...counts.filter((some) => some > item), Math.max(...counts));
    return { rows: this.names.get(count) as string, count };
  }

  private delivered(gesture: RowsGesture, { touched }: Done): void {
    const { kind } = gesture;
    if (kind !== "undo" && kind !== "redo") this.rows.accept(editOf<E>(gesture));
    else this.session.tell(touched === 0 ? `nothing to ${kind}` : `${kind}: ${this.counted(touched)}`);
    this.showPending();
  }

  private heard({ sheet, changed, grown, ...others }: RowsNews<K> & N, buffers: DataView[]): void {
    if (sheet) this.wall.receive(sheet, buffers[0]);
    else if (changed) this.change(changed, buffers);
    else if (grown) {
      this.names.set(grown.count, grown.rows);
      void this.loader.from(this.rows.count);
    } else this.actions.heard?.(others as unknown as N);
  }

  private change({ revision, all, ...told }: { revision: number; all?: true } & K, buffers: readonly DataView[]): void {
    this.actions.learn(told as unknown as K);
    // read again everything, if something was missed or there is too much of it
    if (all || this.loader.busy || !this.rows.change(revision, buffers)) return void this.loader.from(0);
    this.redraw();
  }

  /** The widget was built of what may have changed since. */
  private check({ count, rows, revision }: H): void {
    this.names.set(count, rows);
    if (!this.rows.isAt(revision, count)) void this.loader.from(0);
  }

  private load(start: number, part: RowsPart & K, buffers: readonly DataView[]): void {
    this.actions.learn(part);
    this.rows.load(start, part.revision, buffers);
  }

  private loaded(): void {
    const more = this.rows.count !== this.wall.total;
    this.wall.grow(this.rows.count);
    this.showPending();
    if (more) this.arranged = this.actions.arrange();
  }

  private redraw(): void {
    this.actions.changed();
    this.wall.redraw();
  }
}

function editOf<E>(gesture: RowsGesture): Edit<E> {
  return { ...gesture, items: unpacked(gesture.items ?? []) } as unknown as Edit<E>;
}
