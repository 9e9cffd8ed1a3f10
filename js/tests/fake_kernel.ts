// The kernel's end of a widget: it keeps what is asked, and answers when it is told to.
import type { AnyModel } from "@anywidget/types";

export interface Asked {
  id: string;
  op: string;
  args: Record<string, unknown>;
}

type Listener = (message: unknown, buffers: DataView[]) => void;

export class FakeKernel {
  readonly asked: Asked[] = [];
  readonly listeners = new Set<Listener>();
  /** Requests that are answered as soon as they come. */
  readonly answers: Record<string, (args: Asked["args"]) => [object, DataView[]?]> = {};
  /** What is sent while this is true gets lost. */
  deaf = false;
  /** It was restarted: nothing can be sent to it. */
  gone = false;

  /** What travels with the widget's state, where something does. */
  first: { value: object; buffers: DataView[] } | undefined;

  readonly model = {
    get: (name: string) => (name === "_first" ? this.first : undefined),
    on: (_: string, listener: Listener) => this.listeners.add(listener),
    off: (_: string, listener: Listener) => this.listeners.delete(listener),
    send: (message: Asked) => this.hear(message),
  } as unknown as AnyModel;

  /** All requests of a kind. */
  of(op: string): Asked[] {
    return this.asked.filter((asked) => asked.op === op);
  }

  /** Send a message: an answer, which carries the id of its request, or news. */
  tell(message: object, buffers: DataView[] = []): void {
    for (const listener of [...this.listeners]) listener(message, buffers);
  }

  private hear(message: Asked): void {
    if (this.gone) throw new Error("Cannot send");
    if (this.deaf) return;
    this.asked.push(message);
    const answer = this.answers[message.op];
    if (!answer) return;
    const [ok, buffers = []] = answer(message.args);
    queueMicrotask(() => this.tell({ id: message.id, ok }, buffers));
  }
}

/** Columns as they come in a message: one after the other, beginning at any byte. */
export function message(...columns: (Uint8Array | Uint16Array | Int32Array | Float32Array)[]): DataView[] {
  const bytes = new Uint8Array(1 + columns.reduce((sum, column) => sum + column.byteLength, 0));
  let at = 1;
  return columns.map((column) => {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
    return new DataView(bytes.buffer, at - column.byteLength, column.byteLength);
  });
}

/** Whatever is on its way has arrived. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
