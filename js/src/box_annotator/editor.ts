// The image that is being annotated: which box is selected, which class is used, and what each change says.
import { type Box, type Point, smallestAt } from "../shared/box";
import { newKey } from "../shared/identity";
import { beside } from "../shared/stage/geometry";
import { withoutUndone, undoTarget } from "../shared/pending";
import type { Drawn, Gesture, Page, Statement } from "./protocol";
import { PageBoxes } from "./page_boxes";

export class Editor {
  drawn: PageBoxes;
  selected: string | null = null;
  currentClass = 0;
  // What the drawn was before each gesture of this session, so that undo shows at once.
  private readonly before: Pick<PageBoxes, "image" | "boxes" | "verdicts">[] = [];

  /**
   * @param queue names the images of the widget: an undo is about them only
   * @param send sends a gesture to the kernel
   * @param changed is called when there is something else to see
   * @param tell says a sentence to those who do not see it
   */
  constructor(
    private page: Page,
    readonly classes: readonly string[],
    private readonly queue: string,
    private readonly send: (gesture: Gesture) => void,
    private readonly changed: () => void,
    private readonly tell: (sentence: string) => void,
  ) {
    this.drawn = new PageBoxes(page);
  }

  /** Show what the kernel says about an image, with what it has not acknowledged yet on top of it. */
  load(page: Page, waiting: readonly Gesture[]): void {
    const other = page.image !== this.drawn.image;
    this.page = page;
    this.drawn = new PageBoxes(page);
    for (const gesture of withoutUndone(waiting)) {
      if (gesture.image === page.image) this.drawn.replay(gesture.statements);
    }
    if (other || !this.current) this.selected = null;
  }

  get label(): string {
    return this.classes[this.currentClass] as string;
  }

  get current(): Drawn | undefined {
    return this.drawn.find(this.selected);
  }

  select(key: string | null): void {
    this.selected = key;
    this.changed();
  }

  pick(at: Point, slack: number): void {
    this.select(smallestAt(this.drawn.boxes, at, slack)?.key ?? null);
  }

  /** Use a class from now on, and for the selected box if it may be changed. */
  useClass(position: number, mayEdit: () => boolean): void {
    this.currentClass = position;
    if (this.selected !== null && mayEdit()) this.replace(this.selected, { label: this.label }, `now ${this.label}`);
  }

  draw(box: Box): void {
    if (this.page.problem !== null || beside(box, this.drawn.width, this.drawn.height)) return;
    this.edit(`${this.label} added`, () => {
      const statements = this.drawn.draw(box, this.label);
      this.selected = this.drawn.boxes.at(-1)?.key ?? null;
      return statements;
    });
  }

  change(key: string, { x, y, width, height }: Box): void {
    this.replace(key, { x, y, width, height }, "box changed");
  }

  remove(key: string): void {
    this.selected = null;
    this.edit("box deleted", () => this.drawn.remove(key));
  }

  /** "No defect here", or a skip; false when that cannot be said. */
  judge(kind: "none" | "skip"): boolean {
    if (kind === "none" && this.page.problem !== null) {
      this.tell("an image that cannot be read can only be skipped");
      return false;
    }
    const boxes = this.drawn.boxes.length;
    this.selected = null;
    const withdrawn = boxes === 0 ? "" : `: ${boxes} ${boxes === 1 ? "box" : "boxes"} withdrawn, undo brings them back`;
    this.edit(kind === "none" ? `no defect in ${this.drawn.image}${withdrawn}` : `${this.drawn.image} skipped`, () =>
      kind === "none" ? this.drawn.sayNone(this.classes) : this.drawn.skip(),
    );
    return true;
  }

  takeBack(kind: "undo" | "redo", waiting: readonly Gesture[]): void {
    const shown = kind === "undo" ? this.before.pop() : undefined;
    if (kind === "redo") this.forget(); // what comes back, the kernel knows
    if (shown?.image === this.drawn.image) {
      this.drawn.boxes = shown.boxes;
      this.drawn.verdicts = shown.verdicts;
      this.select(null);
    }
    this.tell(kind === "undo" ? "undone" : "done again");
    this.send({ kind, action: newKey(), image: this.drawn.image, queue: this.queue, ...undoTarget(waiting, kind) });
  }

  /** Do not guess any more what an undo will show. */
  forget(): void {
    this.before.length = 0;
  }

  private replace(key: string, change: Partial<Box> & { label?: string }, told: string): void {
    this.edit(told, () => {
      const place = this.drawn.boxes.findIndex((box) => box.key === key);
      const statements = this.drawn.change(key, change);
      this.selected = this.drawn.boxes[place]?.key ?? null;
      return statements;
    });
  }

  /** Change the drawn, and send what the change says. */
  private edit(told: string, change: () => Statement[]): void {
    const { image, boxes, verdicts } = this.drawn;
    const before = { image, boxes: [...boxes], verdicts: [...verdicts] };
    const statements = change();
    if (statements.length > 0) {
      this.before.push(before);
      this.tell(told);
      this.send({ kind: "say", action: newKey(), image, statements });
    }
    this.changed();
  }
}
