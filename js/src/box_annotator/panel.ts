// The panel that teaches: guidelines, what each class looks like, how far one is, and the boxes of this image.
import { button } from "../shared/button";
import { element } from "../shared/element";
import { jpeg } from "../shared/jpeg";
import { isolated } from "../shared/names";
import { colorOf, colorOfClass } from "../shared/palette";
import { boxButton, BoxList, guidelines, readable } from "../shared/stage/box_list";
import { swatch } from "../shared/swatch";
import type { Drawn, Hello, Progress } from "./protocol";

export class Panel {
  readonly root = readable("Guidelines and boxes");
  private readonly bar = element("progress", { "aria-label": "Images with defects found" });
  private readonly counts = element("p");
  private readonly boxes = new BoxList(this.root);
  private readonly image = element("p", { class: "ig-image" });

  constructor(
    hello: Hello,
    pictures: readonly DataView[],
    private readonly select: (key: string) => void,
    private readonly remove: (key: string) => void,
    private readonly toKeys: () => void,
  ) {
    this.root.append(this.image, this.counts, this.bar, element("h4", {}, "Boxes in this image"), this.boxes.root);
    this.root.append(...guidelines(hello.guidelines));
    hello.classes.forEach((label, position) => {
      const crops = pictures.filter((_, i) => hello.examples[i] === label);
      if (crops.length > 0) this.root.append(...lesson(label, position, crops));
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
    const row = ({ key, label, x, y, width, height }: Drawn) => {
      const size = `${width} × ${height} at ${x}, ${y}`;
      const pick = () => this.select(key);
      const parts = [
        boxButton(colorOfClass(classes, label), label, size, key === selected, this.toKeys, pick),
        button({ "aria-label": `Delete ${label}, ${size}` }, this.toKeys, () => this.remove(key), "×"),
      ];
      return { key, parts };
    };
    this.boxes.show(boxes.map(row));
  }
}

function lesson(label: string, position: number, crops: readonly DataView[]): HTMLElement[] {
  const pictures = crops.map((crop) => {
    const source = URL.createObjectURL(jpeg(crop));
    const picture = element("img", { src: source, alt: `An example of ${label}` });
    picture.addEventListener("load", () => URL.revokeObjectURL(source), { once: true });
    return picture;
  });
  return [
    element("h4", {}, swatch(colorOf(position)), `What “${isolated(label)}” looks like`),
    element("div", { class: "ig-examples" }, ...pictures),
  ];
}
