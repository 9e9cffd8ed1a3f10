// A little square in the color of a class.
import { element } from "./element";

export function swatch(color: string): HTMLElement {
  return element("span", { class: "ig-swatch", style: `background: ${color}` });
}
