// The panel beside the image: how far one is, how votes count, each box with its votes, and what people remarked.
import { button } from "../shared/button";
import { element } from "../shared/element";
import { isolated } from "../shared/names";
import { colorOfClass } from "../shared/palette";
import { boxButton, BoxList, guidelines, readable } from "../shared/stage/box_list";
import { type Place, placeOf } from "./ballot";
import type { Hello, Page, Progress, Proposal, Remark } from "./protocol";

interface Answers {
  select(key: string): void;
  /** A button was pressed: where the vote was the same already, it is taken back. */
  toggle(key: string, accepted: boolean): void;
  remark(about: Target, text: string): void;
}

/** What a comment is about: a box, or all of an image. */
export interface Target {
  image: string;
  place: Place | null;
}

export class Panel {
  readonly root = readable("Boxes and comments");
  private readonly image = element("p", { class: "ig-image" });
  private readonly counts = element("p");
  private readonly bar = element("progress", { "aria-label": "Images reviewed" });
  private readonly whole = element("p");
  private readonly boxes = new BoxList(this.root);
  private readonly heading = element("h4");
  private readonly thread = element("ol", { class: "ig-thread" });
  private readonly text = element("textarea", {
    rows: 2,
    "aria-label": "A comment",
    placeholder: "Comment (Ctrl + Enter sends)",
  });
  private about: Target = { image: "", place: null };
  /** What the comment was about when it was begun: the selection may go on meanwhile. */
  private begun: Target | null = null;

  constructor(
    hello: Hello,
    private readonly answers: Answers,
    private readonly toKeys: () => void,
  ) {
    const send = button({}, toKeys, () => this.send(), "Send");
    this.text.addEventListener("input", () => {
      this.begun = this.text.value.trim() === "" ? null : (this.begun ?? this.about);
      this.nameAbout();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.send();
      toKeys();
    });
    this.root.append(this.image, this.counts, this.bar, element("p", {}, `The rule: ${hello.rule}.`));
    this.root.append(...guidelines(hello.guidelines), element("h4", {}, "Boxes in this image"), this.boxes.root);
    this.root.append(this.whole, this.heading, this.thread, this.text, send);
  }

  write(): void {
    this.text.focus({ preventScroll: true });
  }

  showProgress({ images, done, boxes }: Progress): void {
    const left = boxes === 0 ? "no box is left" : `${boxes} ${boxes === 1 ? "box" : "boxes"} left`;
    this.counts.textContent = `${done} of ${images} images reviewed, ${left}`;
    this.bar.max = images;
    this.bar.value = done;
  }

  showPage(page: Page): void {
    this.image.textContent = page.image;
    this.image.title = page.image;
    const none = page.whole.filter(({ present }) => !present);
    const said = none.map(({ annotator, label }) => `${isolated(annotator)}: no ${isolated(label)}`);
    this.whole.textContent = said.join("; ");
  }

  showBoxes(
    proposals: readonly Proposal[],
    classes: readonly string[],
    selected: string | null,
    remarks: readonly Remark[],
  ): void {
    this.boxes.show(proposals.map((one) => ({ key: one.key, parts: this.row(one, classes, one.key === selected) })));
    const chosen = proposals.find((one) => one.key === selected);
    this.about = { image: this.image.title, place: chosen ? placeOf(chosen) : null };
    this.nameAbout();
    this.thread.replaceChildren(...(chosen?.remarks ?? remarks).map(said));
  }

  private row(one: Proposal, classes: readonly string[], selected: boolean): HTMLElement[] {
    const { key, label, yours, annotators, votes, accepted, remarks, mine } = one;
    const facts = [
      yours && "yours: others judge it",
      annotators && `by ${isolated(annotators)}`,
      votes && `${votes[0]} for, ${votes[1]} against`,
      accepted !== null && (accepted ? "accepted" : "rejected"),
      remarks.length > 0 && `${remarks.length} comments`,
    ];
    const name = `${isolated(label)}${one.outlier ? " (only one)" : ""}`;
    const color = colorOfClass(classes, label);
    const pick = () => this.answers.select(key);
    const judge = (sign: string, what: string, yes: boolean) => {
      const state = { "aria-pressed": String(mine?.accepted === yes), "aria-disabled": String(yours) };
      return button({ "aria-label": `${what} ${label}`, ...state }, this.toKeys, () => this.answers.toggle(key, yes), sign);
    };
    return [
      boxButton(color, name, facts.filter(Boolean).join(" · "), selected, this.toKeys, pick),
      judge("✓", "Accept", true),
      judge("✕", "Reject", false),
    ];
  }

  private send(): void {
    const text = this.text.value.trim();
    if (text === "") return;
    this.answers.remark(this.begun ?? this.about, text);
    this.text.value = "";
    this.begun = null;
    this.nameAbout();
  }

  private nameAbout(): void {
    const { image, place } = this.begun ?? this.about;
    const where = image === this.image.title ? "" : ` in ${isolated(image)}`;
    const what = place ? `this ${isolated(place.label)}` : "the image";
    const box = place && this.begun ? ` at ${Math.round(place.x)}, ${Math.round(place.y)}` : "";
    this.heading.textContent = `${this.begun ? "Your comment" : "Comments"} on ${what}${box}${where}`;
  }
}

function said({ annotator, text, at }: Remark): HTMLElement {
  const when = new Date(at).toLocaleString();
  return element("li", {}, element("b", {}, annotator), " ", element("small", {}, when), element("p", {}, text));
}
