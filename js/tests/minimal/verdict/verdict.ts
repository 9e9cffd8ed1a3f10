import type { AnyModel } from "@anywidget/types";
import { Bar } from "../../../src/shared/bar";
import { ClassChips } from "../../../src/shared/chips";
import { newKey } from "../../../src/shared/identity";
import type { Requests } from "../../../src/shared/requests";
import { Session } from "../../../src/shared/session";
import type { Done, Gesture, News, Page, StageHello } from "../../../src/shared/stage/protocol";
import { Viewer } from "../../../src/shared/stage/viewer";
import { type Command, commandOf, KEYS } from "./keys";

interface Shown {
  page: Page;
}

export type Hello = StageHello & Shown;

class Toolbar extends Bar<Command> {
  constructor(classes: readonly string[], session: Session<Command, Gesture, Done<Shown>, News<Shown>, Hello>) {
    super("Verdict tools", session);
    const chips = new ClassChips("What is wrong", "images", (position) => session.run({ do: "class", position }), session.focus);
    chips.offer(classes);
    this.root.append(chips.root, this.button("Nothing", "Nothing is wrong (N)", { do: "none" }), this.history(), ...this.ending());
  }
}

export class Verdict {
  readonly session: Session<Command, Gesture, Done<Shown>, News<Shown>, Hello>;
  private readonly viewer: Viewer<Shown>;

  constructor(root: HTMLElement, requests: Requests, private readonly hello: Hello, canvas: AnyModel | null) {
    this.session = new Session(root, requests, hello, {
      kind: "verdict",
      keys: KEYS,
      commandOf,
      run: (command) => this.run(command),
      focus: () => root.focus({ preventScroll: true }),
      delivered: (gesture, done) => this.viewer.acknowledged(gesture.kind, done, done.touched),
      heard: (news) => this.viewer.heard(news, news.turned),
      renew: (newer) => this.viewer.heard(newer, true),
      gaveUp: () => undefined,
      dispose: () => this.viewer.dispose(),
    });
    this.viewer = new Viewer<Shown>(this.session.frame, requests, canvas, hello.page, hello.images, {
      scene: () => ({ boxes: [], classes: hello.classes, selected: null, draft: null }),
      selected: () => undefined,
      pick: () => undefined,
      draw: () => undefined,
      change: () => undefined,
      show: ({ page }) => this.viewer.show(page),
      turned: ({ page }) => this.viewer.show(page),
    });
    this.session.fill([new Toolbar(hello.classes, this.session).root], this.viewer.stage.root);
    this.viewer.show(hello.page);
    void this.session.begin();
  }

  private run(command: Command): void {
    const { image, position } = this.viewer.page;
    const { classes, queue } = this.hello;
    if (command.do === "undo" || command.do === "redo") return this.session.takeBack(command.do, { image, queue });
    if (command.do === "escape") return;
    if (command.do !== "none" && command.do !== "class") return this.viewer.run(command);
    const label = command.do === "none" ? null : classes[command.position];
    if (label === undefined) return;
    const said = label === null ? { label: classes[0], present: false } : { label, present: true };
    this.session.push({ kind: "say", action: newKey(), image, statements: [{ key: newKey(), image, ...said }] });
    this.session.tell(`${image}: ${label ?? "nothing is wrong"}`);
    this.viewer.go(position + 1);
  }
}
