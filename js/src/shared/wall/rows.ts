// Rows of a table that people change: what the kernel knows, and on top of it what is pending, as it is shown.
import { column, joined } from "../columns";

type NumberType = Uint8ArrayConstructor | Uint16ArrayConstructor | Int32ArrayConstructor | Float32ArrayConstructor;

/** A column; the kernel sends them in the order of the schema. Its half is wall/rows_widget.py. */
export interface Column {
  readonly name: string;
  readonly type: NumberType;
  /** Whether people change it: the news of a change is about these columns alone. */
  readonly editable?: true;
}

export type Schema = readonly Column[];

type Numbers<T> = T extends Uint8ArrayConstructor
  ? Uint8Array
  : T extends Uint16ArrayConstructor
    ? Uint16Array
    : T extends Int32ArrayConstructor
      ? Int32Array
      : Float32Array;

export type Columns<S extends Schema> = { [C in S[number] as C["name"]]: Numbers<C["type"]> };

/** What people do to some rows. */
export type Edit<E> = E & { items: readonly number[] };

/** `E`: what people do. A subclass says what that changes. */
export abstract class Rows<S extends Schema, E> {
  /** As they are shown: what is pending is done to them. */
  protected shown: Columns<S>;
  /** As the kernel has told them. */
  private told: Columns<S>;
  private pending: readonly E[] = [];
  /** Grows with each change in the kernel. */
  private revision = 0;

  constructor(private readonly schema: S) {
    this.told = columnsOf(schema, ({ type }) => new type(0));
    this.shown = this.told;
  }

  get count(): number {
    return this.columnOf(this.told, this.schema[0] as Column).length;
  }

  /** How many columns there are. */
  get width(): number {
    return this.schema.length;
  }

  /** Take over all columns from row `start` on. */
  load(start: number, revision: number, buffers: readonly DataView[]): void {
    this.told = columnsOf(this.schema, (one, i) => {
      return joined(this.columnOf(this.told, one), start, column(one.type as new (bytes: ArrayBuffer) => Uint8Array, buffers[i] as DataView));
    });
    this.revision = revision;
    this.show();
  }

  /**
   * Take over the editable columns of some rows, which come first among the buffers.
   *
   * @returns false where a change before this one was missed: then nothing is taken over
   */
  change(revision: number, buffers: readonly DataView[]): boolean {
    if (revision !== this.revision + 1) return false;
    this.revision = revision;
    const [items, ...parts] = buffers as [DataView, ...DataView[]];
    const rows = column(Int32Array, items);
    this.editable.forEach((one, i) => {
      const values = column(one.type as new (bytes: ArrayBuffer) => Uint8Array, parts[i] as DataView);
      const told = this.columnOf(this.told, one);
      rows.forEach((row, k) => (told[row] = values[k] as number));
    });
    this.show();
    return true;
  }

  /** Whether this is what the kernel knows at a revision. */
  isAt(revision: number, count: number): boolean {
    return this.revision === revision && this.count === count;
  }

  /** The kernel has carried out an edit. */
  accept(edit: E): void {
    this.apply(edit, this.told);
  }

  /** Show edits that wait for the kernel as if it had carried them out, and no others. */
  showPending(pending: readonly E[]): void {
    this.pending = pending;
    this.show();
  }

  /** Change the editable columns as an edit does. */
  protected abstract apply(edit: E, columns: Columns<S>): void;

  /** Called when rows are shown in another way, to count them. */
  protected abstract recount(): void;

  private show(): void {
    const copies = columnsOf(this.schema, (one) => {
      const told = this.columnOf(this.told, one);
      return one.editable ? told.slice() : told;
    });
    this.shown = copies as Columns<S>;
    for (const edit of this.pending) this.apply(edit, this.shown);
    this.recount();
  }

  private get editable(): readonly Column[] {
    return this.schema.filter(({ editable }) => editable);
  }

  private columnOf(columns: Columns<S>, { name }: Column): Uint8Array {
    return (columns as Record<string, Uint8Array>)[name] as Uint8Array; // or of larger numbers
  }
}

function columnsOf<S extends Schema>(schema: S, make: (column: Column, i: number) => unknown): Columns<S> {
  return Object.fromEntries(schema.map((one, i) => [one.name, make(one, i)])) as Columns<S>;
}
