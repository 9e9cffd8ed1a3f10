// The panel that teaches: guidelines, what each class looks like, how far one is, and the boxes of this image.
import { element } from "../shared/element";
import { colourOf } from "../shared/palette";
import type { Drawn, Hello, Progress } from "./protocol";

export class Panel {
  readonly root = element("aside", { class: "ig-panel", "aria-label": "Guidelines and boxes", tabindex: "0" });
  private readonly bar = element("progress", { "aria-label": "Images with defects found" });
  private readonly counts = element("p", { class: "ig-counts" });
  private readonly boxes = element("ul", { class: "ig-list" });
  private readonly image = element("p", { class: "ig-image" });

  constructor(
    hello: Hello,
    pictures: DataView[],
    private readonly select: (key: string) => void,
    private readonly remove: (key: string) => void,
  ) {
    this.root.append(this.image, this.counts, this.bar, element("h4", {}, "Boxes in this image"), this.boxes);
    if (hello.guidelines) {
      this.root.append(element("h4", {}, "Guidelines"), element("p", { class: "ig-guidelines" }, hello.guidelines));
    }
    hello.classes.forEach((label, position) => {
      const crops = pictures.filter((_, i) => hello.examples[i] === label);
      if (crops.length > 0) this.root.append(...this.lesson(label, position, crops));
    });
  }

  showImage(image: string): void {
    this.image.textContent = image;
    this.image.title = image;
  }

  showProgress({ images, seen, defective, boxes, goal }: Progress): void {
    const found = `${defective} with defects${goal === null ? "" : ` of ${goal} wanted`}`;
    this.counts.textContent = `${seen} of ${images} looked at, ${found}, ${boxes} ${boxes === 1 ? "box" : "boxes"}`;
    this.bar.hidden = goal === null;
    this.bar.max = goal ?? 1;
    this.bar.value = Math.min(defective, goal ?? 0);
    if (goal !== null && defective >= goal) this.counts.textContent += ". Enough: the kernel can learn now.";
  }

  showBoxes(boxes: readonly Drawn[], classes: readonly string[], selected: string | null): void {
    const rows = boxes.map((box) => {
      const size = `${box.width} × ${box.height} at ${box.x}, ${box.y}`;
      const pick = element(
        "button",
        { type: "button", class: "ig-row", "aria-pressed": String(box.key === selected) },
        element("span", { class: "ig-swatch", style: `background: ${colourOf(Math.max(classes.indexOf(box.label), 0))}` }),
        `${box.label} `,
        element("small", {}, size),
      );
      pick.addEventListener("click", () => this.select(box.key));
      const gone = element("button", { type: "button", class: "ig-gone", "aria-label": `Delete ${box.label}, ${size}` }, "×");
      gone.addEventListener("click", () => this.remove(box.key));
      return element("li", {}, pick, gone);
    });
    const buttons = () => [...this.boxes.querySelectorAll("button")];
    const focused = buttons().indexOf(document.activeElement as HTMLButtonElement);
    this.boxes.replaceChildren(...(rows.length > 0 ? rows : [element("li", { class: "ig-empty" }, "none yet")]));
    // the rows are new: whoever was in the list stays in it, and the keys go on working
    if (focused >= 0) (buttons()[focused] ?? this.root).focus({ preventScroll: true });
  }

  private lesson(label: string, position: number, crops: DataView[]): HTMLElement[] {
    const pictures = crops.map((crop) => {
      const source = URL.createObjectURL(new Blob([crop as DataView<ArrayBuffer>], { type: "image/jpeg" }));
      const picture = element("img", { src: source, alt: `An example of ${label}` });
      picture.addEventListener("load", () => URL.revokeObjectURL(source), { once: true });
      return picture;
    });
    const swatch = element("span", { class: "ig-swatch", style: `background: ${colourOf(position)}` });
    return [
      element("h4", {}, swatch, `What “${label}” looks like`),
      element("div", { class: "ig-examples" }, ...pictures),
    ];
  }
}
