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

/** Nobody is there who could answer. */
export class Disconnected extends Error {
  constructor() {
    super("The kernel was restarted: run this cell again. What was said and not saved yet is kept in this browser.");
  }
}

const AGAIN_AFTER_MS = 30_000;

interface Message {
  id: string;
  op: string;
  args: object;
}

interface Waiting {
  op: string;
  since: number;
  /** When it is asked again. */
  timer?: number;
  resolve: (answer: Answer<never>) => void;
  reject: (reason: Error) => void;
}

export class Requests {
  private readonly waiting = new Map<string, Waiting>();
  private readonly receive = (message: unknown, buffers: DataView[]) => this.settle(message, buffers ?? []);
  private heard = 0;
  /** Whether the last message could not be sent: a restarted kernel has forgotten the widget. */
  disconnected = false;
  private listener: ((news: never, buffers: DataView[]) => void) | null = null;
  private early: [never, DataView[]][] = [];

  constructor(private readonly model: AnyModel) {
    model.on("msg:custom", this.receive);
  }

  /** Called with what the kernel tells all views of the widget without being asked; also before there was a listener. */
  set onNews(listener: (news: never, buffers: DataView[]) => void) {
    this.listener = listener;
    const early = this.early.splice(0);
    queueMicrotask(() => early.forEach(([news, buffers]) => listener(news, buffers))); // when who listens is complete
  }

  /** Ask the kernel. The promise waits as long as the kernel is busy: see `silence`. */
  ask<T>(op: string, args: object = {}): Promise<Answer<T>> {
    return this.send({ id: newKey(), op, args }, performance.now());
  }

  /**
   * Ask for something that is done once, however often it is asked for: again and again until there is an answer,
   * since a restarting kernel or a lost connection loses messages.
   */
  insist<T>(op: string, args: object): Promise<Answer<T>> {
    const message = { id: newKey(), op, args };
    const answer = this.wait<T>(message, performance.now());
    this.post(message);
    this.repeat(message, AGAIN_AFTER_MS);
    return answer;
  }

  /** Ask, and give up on earlier requests of the same kind: only the newest view matters. */
  latest<T>(op: string, args: object = {}): Promise<Answer<T>> {
    let since = performance.now(); // of the first of them: to ask anew is to wait on
    for (const [id, request] of this.waiting) {
      if (request.op !== op) continue;
      since = Math.min(since, request.since);
      this.settled(id, request).reject(new Superseded(op));
    }
    return this.send<T>({ id: newKey(), op, args }, since);
  }

  /** Milliseconds that the kernel has left a request unanswered and told nothing else, 0 when nothing is waited for. */
  silence(): number {
    let since = Infinity;
    for (const request of this.waiting.values()) since = Math.min(since, request.since);
    return since === Infinity ? 0 : performance.now() - Math.max(since, this.heard);
  }

  dispose(): void {
    this.model.off("msg:custom", this.receive);
    for (const [id, request] of this.waiting) this.settled(id, request).reject(new Superseded("closed"));
  }

  private send<T>(message: Message, since: number): Promise<Answer<T>> {
    return this.post(message) ? this.wait<T>(message, since) : Promise.reject(new Disconnected());
  }

  private wait<T>({ id, op }: Message, since: number): Promise<Answer<T>> {
    return new Promise<Answer<T>>((resolve, reject) => {
      this.waiting.set(id, { op, since, resolve: resolve as Waiting["resolve"], reject });
    });
  }

  /** False when there is nobody who could hear it. */
  private post(message: Message): boolean {
    try {
      this.model.send(message);
      this.disconnected = false;
    } catch {
      this.disconnected = true;
    }
    return !this.disconnected;
  }

  private repeat(message: Message, after: number): void {
    const request = this.waiting.get(message.id);
    if (!request) return;
    request.timer = window.setTimeout(() => {
      this.post(message);
      this.repeat(message, 2 * after); // a kernel that is only busy gets all of them in the end
    }, after);
  }

  /** The request, which is not waited for any more. */
  private settled(id: string, request: Waiting): Waiting {
    clearTimeout(request.timer);
    this.waiting.delete(id);
    return request;
  }

  private settle(message: unknown, buffers: DataView[]): void {
    this.heard = performance.now();
    const { id, ok, error, news } = message as {
      id?: string;
      ok?: never;
      error?: { message: string; details: string };
      news?: never;
    };
    if (news !== undefined) {
      if (this.listener) this.listener(news, buffers);
      else this.early.push([news, buffers]);
      return;
    }
    const request = id === undefined ? undefined : this.waiting.get(id);
    if (id === undefined || request === undefined) return;
    this.settled(id, request);
    this.early = []; // an answer is newer
    if (error) request.reject(new KernelError(error.message, error.details));
    else request.resolve({ value: ok as never, buffers });
  }
}
