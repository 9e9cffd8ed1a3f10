// Where one is among the images, between the buttons that lead to the previous and the next one.
import { element } from "../element";

export class Pager {
  private readonly place = element("span", { class: "ig-place" });

  constructor(
    private readonly previous: HTMLElement,
    private readonly next: HTMLElement,
  ) {}

  get parts(): HTMLElement[] {
    return [this.previous, this.place, this.next];
  }

  show(position: number, images: number): void {
    this.place.textContent = `${position + 1} of ${images}`;
    // not `disabled`: that would take the focus away, and all keys with it
    this.previous.setAttribute("aria-disabled", String(position === 0));
    this.next.setAttribute("aria-disabled", String(position + 1 >= images));
  }
}
