// Orders and groupings of the images: asked for when they are first chosen, and kept.
import { column, joined } from "../shared/columns";
import type { Requests } from "../shared/requests";
import type { ListPart } from "./protocol";
import type { Grouping } from "./table";

interface List {
  numbers: Int32Array;
  names: readonly string[];
}

export class Lists {
  private readonly kept = new Map<string, Promise<List>>();

  constructor(private readonly requests: Requests) {}

  /** Know an order without asking for it. */
  keepOrder(name: string, numbers: Int32Array): void {
    this.kept.set(keyOf("order", name), Promise.resolve({ numbers, names: [] }));
  }

  async order(name: string): Promise<Int32Array> {
    return (await this.list("order", name)).numbers;
  }

  async grouping(name: string): Promise<Grouping> {
    const { numbers, names } = await this.list("grouping", name);
    return { groups: numbers, name: (group) => names[group] ?? "" };
  }

  private list(op: string, name: string): Promise<List> {
    const key = keyOf(op, name);
    const list = this.kept.get(key) ?? this.read(op, name);
    this.kept.set(key, list);
    list.catch(() => this.kept.delete(key)); // whoever asks again may have more luck
    return list;
  }

  private async read(op: string, name: string): Promise<List> {
    let numbers = new Int32Array(0);
    for (;;) {
      const { value, buffers } = await this.requests.insist<ListPart>(op, { name, start: numbers.length });
      const part = column(Int32Array, buffers[0] as DataView);
      numbers = joined(numbers, numbers.length, part);
      if (part.length === 0 || numbers.length >= value.count) return { numbers, names: value.names ?? [] };
    }
  }
}

function keyOf(op: string, name: string): string {
  return `${op} ${name}`;
}
