import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { expect } from "expect";
import { type Entry, Outbox } from "../src/shared/outbox";
import { KernelError, Requests, Superseded } from "../src/shared/requests";
import { FakeKernel, settled } from "./fake_kernel";
import { newShelf } from "./fake_page";

test("answers find their question in any order", async () => {
  const kernel = new FakeKernel();
  const requests = new Requests(kernel.model);
  const one = requests.ask<string>("show", { position: 1 });
  const two = requests.ask<string>("show", { position: 2 });
  kernel.tell({ id: kernel.asked[1]?.id, ok: "two" });
  kernel.tell({ id: "somebody else's", ok: "other" });
  kernel.tell({ id: kernel.asked[0]?.id, ok: "one" });
  expect((await one).value).toBe("one");
  expect((await two).value).toBe("two");
  expect(requests.silence()).toBe(0);
});

test("an error of the kernel arrives with its details", async () => {
  const kernel = new FakeKernel();
  const asked = new Requests(kernel.model).ask("show");
  kernel.tell({ id: kernel.asked[0]?.id, error: { message: "there is no image 7", details: "Traceback …" } });
  const error = await asked.catch((reason: KernelError) => reason);
  expect(error).toBeInstanceOf(KernelError);
  expect(error).toMatchObject({ message: "there is no image 7", details: "Traceback …" });
});

test("the newest request of a kind wins", async () => {
  const kernel = new FakeKernel();
  const requests = new Requests(kernel.model);
  const old = requests.latest("detail").catch((reason: Error) => reason);
  const other = requests.ask<string>("act");
  const fresh = requests.latest<string>("detail");
  expect(await old).toBeInstanceOf(Superseded);
  kernel.tell({ id: kernel.asked[0]?.id, ok: "too late" });
  kernel.tell({ id: kernel.asked[2]?.id, ok: "fresh" });
  kernel.tell({ id: kernel.asked[1]?.id, ok: "acted" });
  expect((await fresh).value).toBe("fresh");
  expect((await other).value).toBe("acted");
});

test("a kernel that answers others is not silent, and to ask anew is to wait on", () => {
  let now = 1000;
  mock.method(performance, "now", () => now);
  const kernel = new FakeKernel();
  const requests = new Requests(kernel.model);
  const wish = () => void requests.latest("wish").catch(() => undefined);
  wish();
  now += 3000;
  wish();
  expect(requests.silence()).toBe(3000);
  kernel.tell({ id: kernel.asked[0]?.id, ok: "too late" });
  expect(requests.silence()).toBe(0);
  mock.restoreAll();
});

test("who cannot be heard is told what to do", async () => {
  const kernel = new FakeKernel();
  const requests = new Requests(kernel.model);
  kernel.gone = true;
  await expect(requests.ask("stop")).rejects.toThrow("run this cell again");
  expect([requests.disconnected, requests.silence()]).toEqual([true, 0]);
});

test("news that comes before anybody listens is heard, unless an answer is newer", async () => {
  const kernel = new FakeKernel();
  const requests = new Requests(kernel.model);
  const asked = requests.ask("hello");
  kernel.tell({ news: "older than the answer" });
  kernel.tell({ id: kernel.asked[0]?.id, ok: {} });
  kernel.tell({ news: "one" });
  await asked;
  const heard: string[] = [];
  requests.onNews = (news: string) => heard.push(news);
  await settled();
  kernel.tell({ news: "two" });
  expect(heard).toEqual(["one", "two"]);
});

test("a disposed widget no longer listens", async () => {
  const kernel = new FakeKernel();
  const requests = new Requests(kernel.model);
  const asked = requests.ask("show").catch((reason: Error) => reason);
  requests.dispose();
  expect(await asked).toBeInstanceOf(Superseded);
  expect(kernel.listeners.size).toBe(0);
});

describe("a request that must arrive", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("is asked again after half a minute, and then ever more seldom", () => {
    const kernel = new FakeKernel();
    void new Requests(kernel.model).insist("act", { gesture: { action: "a" } });
    const sent: number[] = [];
    for (let second = 0; second <= 210; second++) {
      if (kernel.asked.length > sent.length) sent.push(second);
      mock.timers.tick(1000);
    }
    expect(sent).toEqual([0, 30, 90, 210]);
    expect(new Set(kernel.asked.map((asked) => JSON.stringify(asked))).size).toBe(1);
  });

  test("is answered once, by whichever answer comes first", async () => {
    const kernel = new FakeKernel();
    const requests = new Requests(kernel.model);
    const asked = requests.insist<string>("act", {});
    mock.timers.tick(30_000);
    const [first, again] = kernel.asked;
    kernel.tell({ id: again?.id, ok: "done" });
    kernel.tell({ id: first?.id, ok: "done before" });
    expect((await asked).value).toBe("done");
    expect(requests.silence()).toBe(0);
    mock.timers.tick(1e6);
    expect(kernel.asked).toHaveLength(2);
  });

  test("waits also when it cannot be sent", async () => {
    const kernel = new FakeKernel();
    const requests = new Requests(kernel.model);
    kernel.gone = true;
    const asked = requests.insist<string>("act", {});
    expect(requests.disconnected).toBe(true);
    kernel.gone = false;
    mock.timers.tick(30_000);
    kernel.tell({ id: kernel.asked[0]?.id, ok: "done" });
    expect((await asked).value).toBe("done");
    expect(requests.disconnected).toBe(false);
  });

  test("is not asked again by a widget that was closed, nor when it was refused", async () => {
    const kernel = new FakeKernel();
    const requests = new Requests(kernel.model);
    const refused = requests.insist("act", {}).catch((reason: Error) => reason.message);
    kernel.tell({ id: kernel.asked[0]?.id, error: { message: "the disk is full", details: "" } });
    expect(await refused).toBe("the disk is full");
    const closed = requests.insist("act", {}).catch((reason: Error) => reason);
    requests.dispose();
    expect(await closed).toBeInstanceOf(Superseded);
    mock.timers.tick(1e6);
    expect(kernel.asked).toHaveLength(2);
  });

  test("takes an outbox over a lost message: the kernel gets the gesture with its own name, once", async () => {
    const kernel = new FakeKernel();
    const requests = new Requests(kernel.model);
    const saved: unknown[] = [];
    kernel.answers.act = ({ gesture }) => [{ touched: saved.push(gesture) }];
    const shelf = newShelf();
    const deliver = async (gesture: Entry) => (await requests.insist<object>("act", { gesture })).value;
    const outbox = new Outbox<Entry, object>("ours:", shelf, deliver, () => undefined);
    kernel.deaf = true;
    for (const action of ["a", "b"]) outbox.push({ action, kind: "say" });
    await settled();
    kernel.deaf = false;
    mock.timers.tick(29_000);
    await settled();
    expect(outbox.waiting).toHaveLength(2);
    mock.timers.tick(1000);
    await settled();
    expect(outbox.waiting).toEqual([]);
    expect(saved).toMatchObject([{ action: "a" }, { action: "b" }]);
    expect(shelf.length).toBe(0);
  });
});
