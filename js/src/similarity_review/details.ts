// The panel beside the wall: one image large, what is said of it, and those that resemble it.
import { button } from "../shared/button";
import { element } from "../shared/element";
import { Pictures } from "../shared/pictures";
import type { About } from "./protocol";

export interface Naming {
  /** What is known about an image, by name. */
  facts(item: number): readonly (readonly [string, string])[];
  /** Its label in one line. */
  line(item: number): string;
}

export class Details {
  readonly root = element("aside", { class: "ig-panel", "aria-label": "The image", tabindex: "0" });
  private readonly name = element("p", { class: "ig-image" });
  private readonly picture = element("div", { class: "ig-large" });
  private readonly facts = element("dl", { class: "ig-facts" });
  private readonly heading = element("h4", { hidden: true }, "Similar images");
  private readonly similar = element("div", { class: "ig-similar" });
  private readonly pictures = new Pictures();
  private lines: [number, HTMLElement][] = [];
  private item: number | null = null;

  /**
   * @param choose goes to an image that resembles this one
   * @param close ends that it is shown large
   */
  constructor(
    private readonly naming: Naming,
    private readonly choose: (item: number) => void,
    close: () => void,
  ) {
    const closing = element("button", { type: "button", class: "ig-close" }, "Close");
    closing.addEventListener("click", close);
    const one = element("div", { class: "ig-one" }, this.name, this.picture, this.facts);
    this.root.append(closing, one, element("div", {}, this.heading, this.similar));
  }

  show(item: number, about: About, pictures: readonly DataView[]): void {
    this.pictures.forget();
    this.item = item;
    this.name.textContent = about.id;
    this.name.title = about.id;
    const [large, ...others] = pictures.map((picture) => this.pictures.load(picture));
    this.picture.replaceChildren(element("img", { src: large as string, alt: `The image ${about.id}` }));
    this.heading.hidden = others.length === 0;
    this.lines = about.similar.map((other) => [other, element("span")]);
    this.similar.replaceChildren(
      ...this.lines.map(([other, line], i) => {
        const picture = element("img", { src: others[i] as string, alt: "" });
        return button({ title: "Go to this image" }, () => undefined, () => this.choose(other), picture, line);
      }),
    );
    this.update();
  }

  /** Show what is said now. */
  update(): void {
    if (this.item === null) return;
    const facts = this.naming.facts(this.item);
    this.facts.replaceChildren(...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    for (const [other, line] of this.lines) line.textContent = this.naming.line(other);
  }

  say(sentence: string): void {
    this.forget();
    this.name.textContent = sentence;
    this.heading.hidden = true;
    for (const part of [this.picture, this.facts, this.similar]) part.replaceChildren();
  }

  /** Give back the pictures that were shown. */
  forget(): void {
    this.pictures.forget();
    this.item = null;
  }
}
