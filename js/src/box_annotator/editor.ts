// The image that is being annotated: which box is selected, which class is used, and what each change says.
import { type Box, type Point, smallestAt } from "../shared/box";
import { newKey } from "../shared/identity";
import { beside } from "../shared/stage/geometry";
import { stillSaid, takenBack } from "../shared/waiting";
import type { Drawn, Gesture, Page, Statement } from "./protocol";
import { Sheet } from "./sheet";

export class Editor {
  sheet: Sheet;
  selected: string | null = null;
  currentClass = 0;
  // What the sheet was before each gesture of this session, so that undo shows at once.
  private readonly before: Pick<Sheet, "image" | "boxes" | "verdicts">[] = [];

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
    this.sheet = new Sheet(page);
  }

  /** Show what the kernel says about an image, with what it has not acknowledged yet on top of it. */
  load(page: Page, waiting: readonly Gesture[]): void {
    const other = page.image !== this.sheet.image;
    this.page = page;
    this.sheet = new Sheet(page);
    for (const gesture of stillSaid(waiting)) {
      if (gesture.image === page.image) this.sheet.replay(gesture.statements);
    }
    if (other || !this.current) this.selected = null;
  }

  get label(): string {
    return this.classes[this.currentClass] as string;
  }

  get current(): Drawn | undefined {
    return this.sheet.find(this.selected);
  }

  select(key: string | null): void {
    this.selected = key;
    this.changed();
  }

  pick(at: Point, slack: number): void {
    this.select(smallestAt(this.sheet.boxes, at, slack)?.key ?? null);
  }

  /** Use a class from now on, and for the selected box if it may be changed. */
  useClass(position: number, mayEdit: () => boolean): void {
    this.currentClass = position;
    if (this.selected !== null && mayEdit()) this.replace(this.selected, { label: this.label }, `now ${this.label}`);
  }

  draw(box: Box): void {
    if (this.page.problem !== null || beside(box, this.sheet.width, this.sheet.height)) return;
    this.edit(`${this.label} added`, () => {
      const statements = this.sheet.draw(box, this.label);
      this.selected = this.sheet.boxes.at(-1)?.key ?? null;
      return statements;
    });
  }

  change(key: string, { x, y, width, height }: Box): void {
    this.replace(key, { x, y, width, height }, "box changed");
  }

  remove(key: string): void {
    this.selected = null;
    this.edit("box deleted", () => this.sheet.remove(key));
  }

  /** "No defect here", or a skip; false when that cannot be said. */
  judge(kind: "none" | "skip"): boolean {
    if (kind === "none" && this.page.problem !== null) {
      this.tell("an image that cannot be read can only be skipped");
      return false;
    }
    const drawn = this.sheet.boxes.length;
    this.selected = null;
    this.edit(kind === "none" && drawn > 0 ? `no defect; ${drawn} boxes withdrawn, undo brings them back` : kind, () =>
      kind === "none" ? this.sheet.sayNone(this.classes) : this.sheet.skip(),
    );
    return true;
  }

  takeBack(kind: "undo" | "redo", waiting: readonly Gesture[]): void {
    const shown = kind === "undo" ? this.before.pop() : undefined;
    if (kind === "redo") this.forget(); // what comes back, the kernel knows
    if (shown?.image === this.sheet.image) {
      this.sheet.boxes = shown.boxes;
      this.sheet.verdicts = shown.verdicts;
      this.select(null);
    }
    this.tell(kind === "undo" ? "undone" : "done again");
    this.send({ kind, action: newKey(), image: this.sheet.image, queue: this.queue, ...takenBack(waiting, kind) });
  }

  /** Do not guess any more what an undo will show. */
  forget(): void {
    this.before.length = 0;
  }

  private replace(key: string, change: Partial<Box> & { label?: string }, told: string): void {
    this.edit(told, () => {
      const place = this.sheet.boxes.findIndex((box) => box.key === key);
      const statements = this.sheet.change(key, change);
      this.selected = this.sheet.boxes[place]?.key ?? null;
      return statements;
    });
  }

  /** Change the sheet, and send what the change says. */
  private edit(told: string, change: () => Statement[]): void {
    const { image, boxes, verdicts } = this.sheet;
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
