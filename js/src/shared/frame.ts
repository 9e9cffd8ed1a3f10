// What is around every widget: its keys and the map of them, messages, and a line that says what was done.
import { element } from "./element";
import type { Help, KeyMap, KeyPress } from "./keys";
import { meaningsFor } from "./meanings";
import { HelpBox, TroubleBar } from "./overlays";
import { StatusLine } from "./status_line";

// any other key that is held down would do its work to what nobody has looked at
const REPEATED = new Set(["move", "resize", "pan", "next", "previous", "nextBox", "previousBox", "zoomIn", "zoomOut"]);
// what a panel does with these when it has the keyboard
const SCROLLS = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", " "]);

interface Widget<C> {
  readonly keys: KeyMap;
  /** What a key press means, or null when the key is not ours. */
  commandOf(press: KeyPress): C | Help | null;
  run(command: C): void;
  /** Take the keyboard. */
  focus(): void;
}

export class Frame<C extends { do: string }> {
  readonly trouble = new TroubleBar(() => this.focus());
  private readonly help: HelpBox;
  private readonly status = new StatusLine();
  private readonly stop = new AbortController();

  constructor(
    readonly root: HTMLElement,
    private readonly widget: Widget<C>,
  ) {
    this.help = new HelpBox(widget.keys, () => meaningsFor((press) => widget.commandOf(press)), this.focus);
    root.addEventListener("keydown", (event) => this.keydown(event), { signal: this.signal });
  }

  /** Put the widget's bars and parts in their places. */
  fill(bars: readonly HTMLElement[], ...parts: HTMLElement[]): void {
    const main = element("div", { class: "ig-main" }, ...parts);
    this.root.append(...bars, this.trouble.root, main, this.help.root, this.status.root);
  }

  /** Run a command of a key or a button. */
  readonly run = (command: C | Help): void => {
    if (command.do === "help" || (this.help.open && command.do === "escape")) this.help.toggle();
    else if (!this.help.open) this.widget.run(command as C);
  };

  readonly focus = (): void => this.widget.focus();

  readonly failed = (error: Error): void => this.trouble.fail(error);

  readonly tell = (sentence: string): void => this.status.tell(sentence);

  /** Aborted when the widget is closed. */
  get signal(): AbortSignal {
    return this.stop.signal;
  }

  dispose(): void {
    this.stop.abort();
  }

  private keydown(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (target.matches("select, input, textarea")) {
      // its keys are its own, except the one that leads out of it
      if (event.key === "Tab") return;
      if (event.key === "Escape") {
        event.preventDefault();
        this.focus();
      }
      return event.stopPropagation();
    }
    if (target.matches("button") && (event.key === " " || event.key === "Enter")) return;
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (target.classList.contains("ig-panel") && SCROLLS.has(event.key) && !modified) return;
    const command = this.widget.commandOf(event);
    if (this.help.open && command?.do !== "help" && command?.do !== "escape") return event.stopPropagation(); // it scrolls
    if (!command) {
      if (event.altKey && event.key.startsWith("Arrow")) event.preventDefault(); // it would leave the page
      return;
    }
    if (!event.repeat || REPEATED.has(command.do)) this.run(command);
    event.preventDefault();
    event.stopPropagation();
  }
}
