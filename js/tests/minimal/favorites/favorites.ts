import { Bar } from "../../../src/shared/bar";
import type { Requests } from "../../../src/shared/requests";
import { type Columns, type Edit, Rows } from "../../../src/shared/wall/rows";
import { type RowsHello, RowsSession } from "../../../src/shared/wall/rows_session";
import { badge } from "../../../src/shared/wall/marks";
import { type Command, commandOf, KEYS } from "./keys";

const SCHEMA = [{ name: "liked", type: Uint8Array, editable: true }] as const;

class Likes extends Rows<typeof SCHEMA, Edit<object>> {
  constructor() {
    super(SCHEMA);
  }

  isLiked(item: number): boolean {
    return this.shown.liked[item] === 1;
  }

  protected apply({ items }: Edit<object>, { liked }: Columns<typeof SCHEMA>): void {
    for (const item of items) liked[item] = 1;
  }

  protected recount(): void {}
}

class Toolbar extends Bar<Command> {
  constructor(view: Favorites["view"]) {
    super("Tools", view.session);
    this.root.append(this.button("Like", "Like the selected images (L)", { do: "like" }), this.history(), ...this.ending());
  }
}

export class Favorites {
  readonly view: RowsSession<Command, object, object, object, RowsHello>;
  private readonly likes = new Likes();

  constructor(root: HTMLElement, requests: Requests, hello: RowsHello, buffers: readonly DataView[]) {
    this.view = new RowsSession<Command, object, object, object, RowsHello>(root, requests, hello, this.likes, {
      kind: "favorites",
      noun: ["image", "images"],
      label: "Images",
      keys: KEYS,
      commandOf,
      run: (command) => this.run(command),
      wall: {
        describe: (item) => `image ${item + 1}, ${this.likes.isLiked(item) ? "liked" : "not liked"}`,
        decorate: (context, item, tile) => this.likes.isLiked(item) && badge(context, tile, "♥", "#d55e00", "#fff"),
        changed: () => undefined,
      },
      learn: () => undefined,
      changed: () => undefined,
      arrange: () => this.view.wall.show(Uint32Array.from({ length: this.likes.count }, (_, item) => item)),
      dispose: () => undefined,
    });
    this.view.session.fill([new Toolbar(this.view).root], this.view.wall.root);
    void this.view.begin(hello, buffers);
  }

  private run(command: Command): void {
    if (command.do === "undo" || command.do === "redo") return this.view.takeBack(command.do);
    if (command.do !== "like") return;
    this.view.push("like", this.view.targets);
    this.view.session.tell(`${this.view.counted(this.view.targets.length)} liked`);
    this.view.wall.step(1);
  }
}
