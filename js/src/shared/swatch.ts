// A little square in the colour of a class.
import { element } from "./element";

export function swatch(colour: string): HTMLElement {
  return element("span", { class: "ig-swatch", style: `background: ${colour}` });
}
