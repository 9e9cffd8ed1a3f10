// The review: puts its parts together, runs commands of keys, buttons and gestures, and talks with the kernel.
import type { AnyModel } from "@anywidget/types";
import { type Box, smallestAt } from "../shared/box";
import { newKey } from "../shared/identity";
import { cut, isolated } from "../shared/names";
import { withoutUndone } from "../shared/pending";
import type { Requests } from "../shared/requests";
import { Session } from "../shared/session";
import { judged } from "../shared/stage/judged";
import { neighbor } from "../shared/stage/neighbor";
import type { Shape } from "../shared/stage/protocol";
import type { Scene } from "../shared/stage/stage";
import { type Draft, Viewer } from "../shared/stage/viewer";
import { Ballot } from "./ballot";
import { type Command, commandOf, KEYS } from "./keys";
import { Panel, type Target } from "./panel";
import type { Done, Gesture, Hello, News, Progress, Proposal, Shown, Statement } from "./protocol";
import { Toolbar } from "./toolbar";

const EDITS = new Set<Command["do"]>(["move", "resize", "accept", "reject", "add", "undo", "redo", "class"]);

export class Review {
  readonly session: Session<Command, Gesture, Done, News, Hello>;
  private readonly viewer: Viewer<Shown>;
  private readonly toolbar: Toolbar;
  private readonly panel: Panel;
  private progress: Progress;
  private ballot: Ballot;
  private selected: string | null = null;
  private currentClass = 0;

  constructor(
    root: HTMLElement,
    requests: Requests,
    private readonly hello: Hello,
    canvas: AnyModel | null,
  ) {
    this.progress = hello.progress;
    this.ballot = new Ballot(hello.page, hello.annotator);
    this.session = new Session(root, requests, hello, {
      kind: "verdicts",
      keys: KEYS,
      commandOf: (event) => commandOf(event, this.selected !== null),
      run: (command) => this.run(command),
      focus: () => root.focus({ preventScroll: true }),
      delivered: (gesture, done) => this.delivered(gesture, done),
      heard: (news) => this.viewer.heard(news, news.turned),
      renew: (newer) => this.viewer.heard(newer, true),
      gaveUp: () => this.viewer.go(this.viewer.page.position), // shows what is saved, without the change
      unsaid: () => this.viewer.unsaid,
      dispose: () => this.viewer.dispose(),
    });
    this.viewer = new Viewer<Shown>(this.session.frame, requests, canvas, hello.page, hello.images, {
      scene: (draft) => this.scene(draft),
      selected: () => this.ballot.find(this.selected),
      pick: (at, slack) => this.select(smallestAt(this.ballot.proposals, at, slack)?.key ?? null),
      draw: (box) => this.draw(box),
      change: (key, { x, y, width, height }) => this.adjust(key, { x, y, width, height }),
      show: (told) => this.show(told),
      turned: (told) => this.turned(told),
      drafted: () => this.session.showSaving(),
    });
    this.toolbar = new Toolbar(hello.classes, this.session);
    this.panel = new Panel(
      hello,
      {
        select: (key) => this.reveal(key),
        toggle: (key, accepted) => this.toggle(key, accepted),
        remark: (about, text) => this.remark(about, text),
      },
      this.session.focus,
    );
    this.session.fill([this.toolbar.root], this.viewer.stage.root, this.panel.root);
    this.show(hello);
    this.select(this.ballot.undecidedAfter(null)?.key ?? null);
    void this.session.begin();
  }

  private run(command: Command): void {
    if (!this.viewer.admits(command.do, EDITS)) return;
    switch (command.do) {
      case "accept":
      case "reject":
        if (this.selected === null) return this.session.tell("select a box first");
        return this.vote(this.selected, command.do === "accept");
      case "class":
        return this.useClass(command.position);
      case "comment":
        return this.panel.write();
      case "undecided":
        return this.progress.next === null ? this.session.tell("every box was judged") : this.viewer.go(this.progress.next);
      case "nextBox":
      case "previousBox":
        return this.cycle(command.do === "nextBox" ? 1 : -1);
      case "undo":
      case "redo":
        return this.takeBack(command.do);
      case "escape":
        if (!this.viewer.cancel()) this.select(null);
        return;
      default:
        return this.viewer.run(command);
    }
  }

  private vote(key: string, accepted: boolean): void {
    if (!this.viewer.editable) return;
    if (this.ballot.find(key)?.yours) return this.session.tell("others judge the boxes that you drew");
    this.say(accepted ? "accepted" : "rejected", () => this.ballot.vote(key, accepted));
    const next = this.ballot.undecidedAfter(key);
    if (next) this.turnTo(next, `${judged(accepted).kind}, now `);
    else if (this.progress.boxes > 1) this.session.tell("every box of this image is judged: U goes to the next image");
  }

  private toggle(key: string, accepted: boolean): void {
    if (this.ballot.find(key)?.mine?.accepted !== accepted) return this.vote(key, accepted);
    if (this.viewer.editable) this.say("vote taken back", () => this.ballot.unvote(key));
  }

  private remark({ image, place }: Target, text: string): void {
    if (image === this.viewer.page.image) return this.say("comment added", () => this.ballot.remark(place, text));
    const statements = [{ key: newKey(), image, ...place, comment: text }];
    this.session.push({ kind: "say", action: newKey(), image, statements });
    this.session.tell(`comment on ${image} added`);
  }

  private draw(box: Box): void {
    if (this.viewer.page.problem !== null) return;
    this.say("box added", () => this.ballot.draw(box, this.hello.classes[this.currentClass] as string));
    this.select(this.ballot.proposals.at(-1)?.key ?? null);
  }

  private adjust(key: string, change: Partial<Box> & { label?: string }): void {
    if (this.viewer.page.problem !== null) return;
    if (this.ballot.find(key)?.yours) return this.session.tell("you drew this box: change it where you drew it");
    const before = this.ballot.proposals.length;
    this.say("adjusted: the old box is rejected, the new one accepted", () => this.ballot.adjust(key, change));
    if (this.ballot.proposals.length > before) this.select(this.ballot.proposals.at(-1)?.key ?? null);
  }

  private useClass(position: number): void {
    const label = this.hello.classes[position];
    if (label === undefined) return;
    this.currentClass = position;
    this.toolbar.classes.mark(position);
    if (this.selected !== null) this.adjust(this.selected, { label });
  }

  /** Change the ballot, and send what the change says. */
  private say(told: string, change: () => Statement[]): void {
    const statements = change();
    if (statements.length === 0) return;
    this.session.tell(told);
    this.session.push({ kind: "say", action: newKey(), image: this.viewer.page.image, statements });
    this.showBallot();
  }

  private takeBack(kind: "undo" | "redo"): void {
    const { image } = this.viewer.page;
    this.session.takeBack(kind, { image, queue: this.hello.queue });
    // what the kernel has not saved yet is taken back at once
    this.show({ page: this.viewer.page, progress: this.progress });
    this.session.tell(`${kind} …`);
  }

  private cycle(step: 1 | -1): void {
    const box = neighbor(this.ballot.proposals, this.selected, step);
    if (box) this.turnTo(box);
  }

  /** Select a box, and say which one it is. */
  private turnTo(box: Proposal, done = ""): void {
    this.reveal(box.key);
    const by = box.annotators ? `, by ${box.annotators}` : "";
    const vote = box.mine === null ? "not judged" : judged(box.mine.accepted).kind;
    this.session.tell(`${done}${box.label}${by}, ${vote}`);
  }

  private select(key: string | null): void {
    this.viewer.settle();
    this.selected = key;
    const at = this.hello.classes.indexOf(this.ballot.find(key)?.label ?? "");
    if (at >= 0) this.currentClass = at;
    this.toolbar.classes.mark(this.currentClass);
    this.showBallot();
  }

  private reveal(key: string): void {
    this.select(key);
    const box = this.ballot.find(key);
    if (box) this.viewer.reveal(box);
  }

  private turned(told: Shown): void {
    this.show(told);
    this.select(this.ballot.undecidedAfter(null)?.key ?? null);
    this.session.tell(`image ${told.page.position + 1} of ${told.progress.images}, ${told.page.proposals.length} boxes`);
  }

  private delivered(gesture: Gesture, done: Done): void {
    this.progress = done.progress;
    this.showProgress();
    if (gesture.kind !== "say") this.session.tell(`${gesture.kind} done`);
    this.viewer.acknowledged(gesture.kind, done, done.touched);
  }

  /** Show the kernel's view of an image, with what it has not acknowledged yet on top of it. */
  private show({ page, progress }: Shown): void {
    this.progress = progress;
    this.viewer.show(page);
    this.ballot = new Ballot(page, this.hello.annotator);
    for (const gesture of withoutUndone(this.session.pending)) {
      if (gesture.image === page.image) this.ballot.replay(gesture.statements);
    }
    if (!this.ballot.find(this.selected)) this.selected = null;
    this.panel.showPage(page);
    this.showBallot();
    this.showProgress();
    this.session.showSaving();
  }

  private showBallot(): void {
    const { classes } = this.hello;
    this.toolbar.classes.count(classes.map((name) => this.ballot.proposals.filter(({ label }) => label === name).length));
    this.panel.showBoxes(this.ballot.proposals, classes, this.selected, this.ballot.remarks);
    this.viewer.stage.redraw();
  }

  private showProgress(): void {
    this.toolbar.pager.show(this.viewer.page.position, this.progress.images);
    this.panel.showProgress(this.progress);
  }

  private scene(draft: Draft | null): Scene {
    const { classes } = this.hello;
    const chosen = this.ballot.find(this.selected);
    const members: Shape[] = (chosen?.members ?? []).map((member, i) => ({
      ...member,
      key: `member ${i}`,
      label: chosen?.label ?? "",
      caption: member.annotator,
      kind: "member",
    }));
    const boxes = this.ballot.proposals.map(shapeOf);
    const label = this.ballot.find(draft?.replaces ?? null)?.label ?? (classes[this.currentClass] as string);
    return {
      boxes: members.length > 1 ? [...members, ...boxes] : boxes,
      classes,
      selected: this.selected,
      draft: draft && { ...draft, label },
    };
  }
}

function shapeOf(one: Proposal): Shape {
  const { kind, sign } = judged(one.mine?.accepted);
  const by = one.annotators ? ` · ${isolated(cut(one.annotators))}` : "";
  return { ...one, kind, caption: `${sign}${isolated(cut(one.label))}${by}` };
}
