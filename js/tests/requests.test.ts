import type { AnyModel } from "@anywidget/types";
import { test } from "node:test";
import { expect } from "expect";
import { KernelError, Requests, Superseded } from "../src/shared/requests";

interface Sent {
  id: string;
  op: string;
  args: object;
}

function kernel() {
  const sent: Sent[] = [];
  const listeners = new Set<(message: unknown, buffers: DataView[]) => void>();
  const model = {
    on: (_: string, listener: (message: unknown, buffers: DataView[]) => void) => listeners.add(listener),
    off: (_: string, listener: (message: unknown, buffers: DataView[]) => void) => listeners.delete(listener),
    send: (message: Sent) => sent.push(message),
  } as unknown as AnyModel;
  const answer = (message: object) => listeners.forEach((listener) => listener(message, []));
  return { model, sent, answer, listeners };
}

test("answers find their question in any order", async () => {
  const { model, sent, answer } = kernel();
  const requests = new Requests(model);
  const one = requests.ask<string>("show", { position: 1 });
  const two = requests.ask<string>("show", { position: 2 });
  answer({ id: sent[1]?.id, ok: "two" });
  answer({ id: "somebody else's", ok: "other" });
  answer({ id: sent[0]?.id, ok: "one" });
  expect((await one).value).toBe("one");
  expect((await two).value).toBe("two");
  expect(requests.oldest()).toBe(0);
});

test("an error of the kernel arrives with its details", async () => {
  const { model, sent, answer } = kernel();
  const asked = new Requests(model).ask("show");
  answer({ id: sent[0]?.id, error: { message: "there is no image 7", details: "Traceback …" } });
  const error = await asked.catch((reason: KernelError) => reason);
  expect(error).toBeInstanceOf(KernelError);
  expect(error).toMatchObject({ message: "there is no image 7", details: "Traceback …" });
});

test("the newest request of a kind wins", async () => {
  const { model, sent, answer } = kernel();
  const requests = new Requests(model);
  const old = requests.latest("detail").catch((reason: Error) => reason);
  const other = requests.ask<string>("act");
  const fresh = requests.latest<string>("detail");
  expect(await old).toBeInstanceOf(Superseded);
  answer({ id: sent[0]?.id, ok: "too late" });
  answer({ id: sent[2]?.id, ok: "fresh" });
  answer({ id: sent[1]?.id, ok: "acted" });
  expect((await fresh).value).toBe("fresh");
  expect((await other).value).toBe("acted");
});

test("a disposed widget no longer listens", async () => {
  const { model, listeners } = kernel();
  const requests = new Requests(model);
  const asked = requests.ask("show").catch((reason: Error) => reason);
  requests.dispose();
  expect(await asked).toBeInstanceOf(Superseded);
  expect(listeners.size).toBe(0);
});
