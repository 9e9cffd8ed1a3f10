import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { expect } from "expect";
import { type Entry, Outbox } from "../src/shared/outbox";
import { TroubleBar } from "../src/shared/overlays";
import { Saving } from "../src/shared/saving";
import { settled } from "./fake_kernel";
import { fake, newShelf } from "./fake_page";

function saving(deliver: (entry: Entry) => Promise<object | null>, shelf: Storage | null = newShelf()) {
  const outbox = new Outbox<Entry, object>("ours:", shelf, deliver, () => undefined);
  const requests = { silence: () => 0, disconnected: false };
  const trouble = new TroubleBar(() => undefined);
  const givenUp: string[] = [];
  const made = new Saving(outbox, requests, trouble, "annotations.db", () => givenUp.push("one"));
  made.show();
  const said = (...kinds: string[]) => kinds.forEach((kind, i) => outbox.push({ kind, action: `${kind} ${i}` }));
  return { made, outbox, requests, sign: fake(made.sign.root), trouble: fake(trouble.root), givenUp, said };
}

const never = () => new Promise<null>(() => {});

describe("Saving", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  test("says that all is saved when nothing waits, and where", async () => {
    const { sign, said } = saving(async () => ({}));
    expect(sign.textContent).toBe("Saved");
    said("say");
    expect(sign.textContent).toBe("Saving …");
    await settled();
    expect(sign.textContent).toBe("Saved");
    expect(sign.title).toContain("annotations.db");
  });

  test("counts what waits for another widget", async () => {
    const { sign, said } = saving(async ({ kind }) => (kind === "say" ? {} : null));
    said("say", "judge");
    await settled();
    expect(sign.textContent).toBe("Saved · 1 change about other images waits in this browser");
    expect(sign.title).toContain("run the cell with those images");
  });

  test("names what waits for a busy kernel, undos too, as soon as the clock strikes", () => {
    const { sign, said, requests } = saving(never);
    said("say", "judge", "undo");
    requests.silence = () => 1500;
    mock.timers.tick(500);
    expect(sign.textContent).toBe("2 changes and 1 undo waiting for the kernel");
  });

  test("advises to run the cell again when nobody hears it, until that is dismissed", () => {
    const { trouble, requests } = saving(never);
    requests.disconnected = true;
    mock.timers.tick(500);
    expect(trouble.textContent).toContain("run this cell again");
    trouble.find("Dismiss").click();
    mock.timers.tick(5000);
    expect(trouble.hidden).toBe(true);
  });

  test("says so when a reload would lose something", () => {
    const { sign, said } = saving(never, null);
    said("say");
    expect(sign.textContent).toBe("1 change not saved: do not reload");
  });

  test("shows why something was refused, until it is tried again or given up", async () => {
    let full = true;
    const { sign, trouble, said, givenUp } = saving(async () => {
      if (full) throw new Error("the disk is full");
      return {};
    });
    said("say", "say");
    await settled();
    expect(sign.textContent).toBe("2 changes not saved");
    expect(trouble.hidden).toBe(false);
    expect(trouble.textContent).toContain("the disk is full");
    trouble.find("Give up this change").click();
    await settled();
    expect(givenUp).toEqual(["one"]);
    expect(sign.textContent).toBe("1 change not saved");
    full = false;
    trouble.find("Try again").click();
    await settled();
    expect(sign.textContent).toBe("Saved");
    expect(trouble.hidden).toBe(true);
  });

  test("a change that is still being made is not saved", () => {
    const outbox = new Outbox<Entry, object>("ours:", newShelf(), never, () => undefined);
    const nothing = () => undefined;
    const made = new Saving(outbox, { silence: () => 0, disconnected: false }, new TroubleBar(() => undefined), "a.db", nothing, () => 1);
    made.show();
    expect(fake(made.sign.root).textContent).toBe("Saving …");
  });
});
