// One person at work in one widget: its keys, what they do and say, what waits for the kernel, and what the kernel tells.
import { FactsBar } from "./facts";
import { Frame } from "./frame";
import type { Facts, Hello } from "./hello";
import { newKey } from "./identity";
import type { Help, KeyMap, KeyPress } from "./keys";
import type { Opened } from "./mount";
import type { Entry, Outbox } from "./outbox";
import { outboxFor } from "./outbox_for";
import { undoTarget } from "./pending";
import type { Requests } from "./requests";
import { Saving } from "./saving";

/** What makes a widget the one that it is. `C`: its commands, `G`: what people do, `D`: what the kernel answers to that. */
export interface Actions<C, G, D, N, H> {
  /** The kind of its gestures: widgets of one log deliver only what is of their kind. */
  readonly kind: string;
  readonly keys: KeyMap;
  /** What a key press means, or null when the key is not ours. */
  commandOf(press: KeyPress): C | Help | null;
  run(command: C): void;
  /** Take the keyboard. */
  focus(): void;
  /** A gesture is in the log. */
  delivered(gesture: G, done: D): void;
  /** The kernel tells all views of the widget something. */
  heard(news: N, buffers: DataView[]): void;
  /** The kernel knows something newer than what the widget was built of. */
  renew(hello: H, buffers: DataView[]): void;
  /** A person has given up the change that the kernel refused: show what is saved. */
  gaveUp(): void;
  /** How many changes are still being made, and are in no gesture yet. */
  unsaid?(): number;
  /** The widget is closed. */
  dispose(): void;
}

export class Session<C extends { do: string }, G extends Entry, D extends object, N extends object, H extends Hello>
  implements Opened<H>
{
  readonly frame: Frame<C>;
  private readonly outbox: Outbox<G, D>;
  private readonly saving: Saving;
  private readonly facts: FactsBar;

  constructor(
    root: HTMLElement,
    readonly requests: Requests,
    hello: H,
    private readonly actions: Actions<C, G, D, N, H>,
  ) {
    this.frame = new Frame<C>(root, actions);
    this.facts = new FactsBar(this.focus);
    this.outbox = outboxFor(requests, hello, actions.kind, (gesture: G, done: D) => actions.delivered(gesture, done));
    this.saving = new Saving(
      this.outbox,
      requests,
      this.frame.trouble,
      hello.logName,
      () => actions.gaveUp(),
      () => actions.unsaid?.() ?? 0,
    );
    requests.onNews = ({ facts, ...news }: N & { facts?: Facts }, buffers) => {
      if (facts) this.facts.show(facts);
      else actions.heard(news as unknown as N, buffers);
    };
    this.facts.show(hello);
  }

  /** Put the widget's bars and parts in their places. */
  fill(bars: readonly HTMLElement[], ...parts: HTMLElement[]): void {
    this.frame.fill([this.facts.note, ...bars, this.facts.end], ...parts);
  }

  /** Deliver what an earlier view has left behind. Call it when the widget can show what comes of it. */
  begin(): Promise<void> {
    return this.outbox.flush();
  }

  /** The sign that says whether everything is on disk. */
  get saved(): HTMLElement {
    return this.saving.sign.root;
  }

  /** Count again what is not saved: a change has begun or ended. */
  showSaving(): void {
    this.saving.show();
  }

  /** What waits for the kernel, the oldest first. */
  get pending(): readonly G[] {
    return this.outbox.waiting;
  }

  /** A person has done something. It waits, in the browser's storage, until it is in the log. */
  push(gesture: G): void {
    this.outbox.push(gesture);
  }

  /**
   * Undo or redo what came last. Show what is pending after it: what was not saved yet is taken back at once.
   *
   * @param about what the gesture says besides: which items it is about
   * @param pending what it may be of, of that which waits
   */
  takeBack(kind: "undo" | "redo", about: object, pending: readonly G[] = this.pending): void {
    this.push({ kind, action: newKey(), ...about, ...undoTarget(pending, kind) } as unknown as G);
  }

  /** Say in a sentence what was done. */
  readonly tell = (sentence: string): void => this.frame.tell(sentence);

  readonly failed = (error: Error): void => this.frame.failed(error);

  /** Run a command of a key or a button. */
  readonly run = (command: C | Help): void => this.frame.run(command);

  readonly focus = (): void => this.frame.focus();

  /** Aborted when the widget is closed. */
  get signal(): AbortSignal {
    return this.frame.signal;
  }

  renew(hello: H, buffers: DataView[]): void {
    this.facts.show(hello);
    this.actions.renew(hello, buffers);
  }

  dispose(): void {
    this.actions.dispose();
    this.saving.dispose();
    this.frame.dispose();
  }
}
