// Chooses the size of the tiles of a wall.
import { element } from "../element";
import { SIDES } from "./wall";

export class SizeSlider {
  readonly root = element("input", {
    type: "range",
    min: SIDES.smallest,
    max: SIDES.largest,
    value: SIDES.usual,
    "aria-label": "Size of the tiles",
    title: "Size of the tiles (+ and −)",
  });

  constructor(resize: (side: number) => void) {
    this.root.addEventListener("input", () => resize(Number(this.root.value)));
  }

  show(side: number): void {
    this.root.value = String(side);
  }
}
