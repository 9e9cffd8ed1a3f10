// The panel beside the wall: one pattern large, where it lies in its image, and where it came from.
import { element } from "../shared/element";
import { Pictures } from "../shared/pictures";
import type { About } from "./protocol";

export class Details {
  readonly root = element("aside", { class: "ig-panel", "aria-label": "The pattern", tabindex: "0" });
  private readonly name = element("p", { class: "ig-image" });
  private readonly picture = element("div", { class: "ig-pattern" });
  private readonly place = element("div");
  private readonly facts = element("dl", { class: "ig-facts" });
  private readonly parent = element("button", { type: "button", hidden: true }, "Go to its parent");
  private readonly pictures = new Pictures();

  /** @param close ends that it is shown large */
  constructor(toParent: () => void, close: () => void) {
    const closing = element("button", { type: "button", class: "ig-close" }, "Close");
    closing.addEventListener("click", close);
    this.parent.addEventListener("click", toParent);
    this.root.append(closing, this.name, this.picture, this.facts, this.parent, this.place);
  }

  /** @param facts what the browser knows: its class, what was decided, how important it is */
  show(about: About, pictures: readonly DataView[], facts: readonly (readonly [string, string])[], hasParent: boolean): void {
    this.name.textContent = about.id;
    this.name.title = about.id;
    this.forget();
    const [large, place] = pictures.map((picture) => this.pictures.load(picture));
    this.picture.replaceChildren(element("img", { src: large as string, alt: `The pattern ${about.id}` }));
    this.facts.replaceChildren(
      ...[...facts, ...lineage(about)].flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    );
    this.parent.hidden = !hasParent;
    this.place.replaceChildren();
    if (place !== undefined && about.place) {
      const [x, y, width, height] = about.place.map((share) => `${100 * share}%`);
      const box = element("span", { class: "ig-mark", style: `left: ${x}; top: ${y}; width: ${width}; height: ${height}` });
      const picture = element("img", { src: place, alt: `Where it lies in ${about.image}` });
      this.place.append(element("h4", {}, "Where it was cut out"), element("div", { class: "ig-around" }, picture, box));
    }
  }

  say(sentence: string): void {
    this.forget();
    this.name.textContent = sentence;
    for (const part of [this.picture, this.facts, this.place]) part.replaceChildren();
    this.parent.hidden = true;
  }

  /** Give back the pictures that were shown. */
  forget(): void {
    this.pictures.forget();
  }
}

function lineage({ size, image, x, y, width, height, operation, parent, magnitude }: About): [string, string][] {
  const facts: [string, string][] = [["size", `${size[0]} × ${size[1]} pixels`]];
  const made = operation !== undefined;
  if (image !== undefined) facts.push([made ? "image of its parent" : "image", image]);
  if (x !== undefined && y !== undefined && width !== undefined && height !== undefined) {
    facts.push([made ? "box of its parent" : "box", [x, y, width, height].map((side) => Math.round(side)).join(", ")]);
  }
  if (operation === "GAN") {
    facts.push(["made by", "a GAN, of all patterns"]);
    if (parent !== undefined) facts.push(["resembles most", parent]);
    if (magnitude !== undefined) facts.push(["correlation with it", magnitude.toFixed(3)]);
  } else if (operation !== undefined) {
    facts.push(["made by", operation]);
    if (magnitude !== undefined) facts.push(["magnitude", Number(magnitude.toPrecision(4)).toString()]);
    if (parent !== undefined) facts.push(["parent", parent]);
  }
  return facts;
}
