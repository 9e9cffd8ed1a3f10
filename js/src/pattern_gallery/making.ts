// The bar that makes more patterns: how many, of which kind, how far it is, and Stop.
import { button } from "../shared/button";
import { element } from "../shared/element";
import type { Making } from "./protocol";

const USUAL = 100;

export class MakingBar {
  readonly root: HTMLElement;
  private readonly number = element("input", {
    type: "number",
    min: 1,
    max: 10_000,
    value: USUAL,
    "aria-label": "How many patterns to make",
  });
  private readonly buttons: HTMLButtonElement[];
  private readonly bar = element("progress", { "aria-label": "Patterns made", hidden: true });
  private readonly said = element("span", { role: "status" });
  private readonly stop: HTMLButtonElement;
  private busy = false;

  constructor(
    generators: readonly string[],
    make: (name: string, count: number) => void,
    stop: () => void,
    private readonly toKeys: () => void,
  ) {
    const more = (name: string) => () => {
      const count = Math.round(Number(this.number.value));
      if (!this.busy && count >= 1) make(name, count);
    };
    this.buttons = generators.map((name) => button({}, toKeys, more(name), `More: ${name}`));
    this.stop = button({ hidden: true }, toKeys, stop, "Stop");
    this.root = element(
      "div",
      { class: "ig-bar", role: "toolbar", "aria-label": "Make more patterns", hidden: generators.length === 0 },
      this.number,
      ...this.buttons,
      this.bar,
      this.stop,
      this.said,
    );
  }

  show(making: Making | null): void {
    const busy = making !== null && !making.done;
    this.busy = busy;
    if (!busy && document.activeElement === this.stop) this.toKeys(); // it goes away
    for (const more of this.buttons) more.setAttribute("aria-disabled", String(busy));
    this.bar.hidden = !busy;
    this.stop.hidden = !busy;
    if (making === null) return;
    this.bar.max = 1;
    const share = making.share ?? (making.made > 0 ? making.made / making.wanted : null);
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
    const made = `${making.made} ${making.made === 1 ? "pattern" : "patterns"}`;
    if (busy) this.said.textContent = `${making.name}: ${made} so far`;
    else if (making.stopped) this.said.textContent = `${making.name} was stopped after ${made}`;
    else if (!making.error) this.said.textContent = `${making.name} made ${made}`;
    else this.said.textContent = `${making.name} failed after ${made}`;
  }
}
