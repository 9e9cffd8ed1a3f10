// Requests to the kernel: one promise per message. An answer carries the id of its question.
import type { AnyModel } from "@anywidget/types";
import { newKey } from "./identity";

export interface Answer<T> {
  value: T;
  buffers: DataView[];
}

/** The kernel's handler raised; `details` is its traceback, for a bug report. */
export class KernelError extends Error {
  constructor(
    message: string,
    readonly details: string,
  ) {
    super(message);
  }
}

/** A newer request of the same kind took the place of this one. */
export class Superseded extends Error {}

interface Waiting {
  op: string;
  since: number;
  resolve: (answer: Answer<never>) => void;
  reject: (reason: Error) => void;
}

export class Requests {
  private readonly waiting = new Map<string, Waiting>();
  private readonly receive = (message: unknown, buffers: DataView[]) => this.settle(message, buffers ?? []);
  /** Called with what the kernel tells all views of the widget without being asked. */
  onNews: (news: never) => void = () => {};

  constructor(private readonly model: AnyModel) {
    model.on("msg:custom", this.receive);
  }

  /** Ask the kernel. The promise waits as long as the kernel is busy: see `oldest`. */
  ask<T>(op: string, args: object = {}): Promise<Answer<T>> {
    const id = newKey();
    return new Promise<Answer<T>>((resolve, reject) => {
      this.waiting.set(id, { op, since: performance.now(), resolve: resolve as Waiting["resolve"], reject });
      try {
        this.model.send({ id, op, args });
      } catch (error) {
        this.waiting.delete(id);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ask, and give up on earlier requests of the same kind: only the newest view matters. */
  latest<T>(op: string, args: object = {}): Promise<Answer<T>> {
    for (const [id, request] of this.waiting) {
      if (request.op === op) {
        this.waiting.delete(id);
        request.reject(new Superseded(op));
      }
    }
    return this.ask<T>(op, args);
  }

  /** Milliseconds since the oldest unanswered request was sent, 0 when nothing is waited for. */
  oldest(): number {
    let since = Infinity;
    for (const request of this.waiting.values()) since = Math.min(since, request.since);
    return since === Infinity ? 0 : performance.now() - since;
  }

  dispose(): void {
    this.model.off("msg:custom", this.receive);
    for (const request of this.waiting.values()) request.reject(new Superseded("closed"));
    this.waiting.clear();
  }

  private settle(message: unknown, buffers: DataView[]): void {
    const { id, ok, error, news } = message as {
      id?: string;
      ok?: never;
      error?: { message: string; details: string };
      news?: never;
    };
    if (news !== undefined) return this.onNews(news);
    const request = id === undefined ? undefined : this.waiting.get(id);
    if (id === undefined || request === undefined) return;
    this.waiting.delete(id);
    if (error) request.reject(new KernelError(error.message, error.details));
    else request.resolve({ value: ok as never, buffers });
  }
}
