// How every widget begins and ends: with what travels with its state, else with what the kernel answers.
import type { AnyModel } from "@anywidget/types";
import { element } from "./element";
import type { Hello } from "./hello";
import { type Answer, KernelError, Requests, Superseded } from "./requests";

export interface Opened<H> {
  /** The kernel knows something newer than what the widget was built of. */
  renew(hello: H, buffers: DataView[]): void;
  failed(error: Error): void;
  dispose(): void;
}

/**
 * @param name what people call the widget
 * @param attributes of the element that holds the widget, such as its role
 * @param build makes the widget of the kernel's answer
 * @returns what closes the widget
 */
export function mount<H extends Hello>(
  model: AnyModel,
  el: HTMLElement,
  name: string,
  attributes: Record<string, string>,
  build: (root: HTMLElement, requests: Requests, hello: H, buffers: DataView[]) => Opened<H> | Promise<Opened<H>>,
): () => void {
  const root = element("div", {
    class: "ig-root",
    "data-lm-suppress-shortcuts": "true",
    "aria-label": `${name}: press ? for all keys`,
    ...attributes,
  });
  const opening = element("p", { class: "ig-opening", role: "status" }, "Opening …");
  root.append(opening);
  el.append(root);

  const requests = new Requests(model);
  let opened: Opened<H> | null = null;
  let closed = false;
  const slow = window.setTimeout(() => {
    opening.textContent =
      "Waiting for the kernel. If it was restarted, run this cell again: what was said and not saved yet is kept in this browser.";
  }, 2000);

  const construct = async ({ value, buffers }: Answer<H>) => {
    if (closed) return;
    opening.remove();
    opened = await build(root, requests, value, buffers);
    if (closed) opened.dispose();
  };
  const fail = (error: Error) => {
    if (error instanceof Superseded) return;
    if (opened) return opened.failed(error);
    root.prepend(opening);
    opening.textContent = `This widget could not be opened: ${error.message}`;
    if (error instanceof KernelError) opening.append(element("pre", {}, error.details));
  };

  // a busy kernel answers late, and what it will say is mostly here already
  const first = firstMessage<H>(model);
  const built = first ? construct(first) : Promise.resolve();
  const asked = requests.ask<H>("hello");
  Promise.all([asked, built])
    .then(([answer]) => {
      if (!first) return construct(answer);
      if (!closed && !same(answer, first)) opened?.renew(answer.value, answer.buffers);
    })
    .catch(fail)
    .finally(() => clearTimeout(slow));

  return () => {
    closed = true;
    clearTimeout(slow);
    opened?.dispose();
    requests.ask("bye").catch(() => undefined); // nobody waits for the answer
    requests.dispose();
  };
}

/** What the kernel would have answered when the widget was made; null in states that do not have it. */
function firstMessage<H>(model: AnyModel): Answer<H> | null {
  const first = model.get("_first") as Partial<Answer<H>> | undefined;
  return first?.value && first.buffers ? { value: first.value, buffers: first.buffers } : null;
}

function same<H>(one: Answer<H>, other: Answer<H>): boolean {
  const text = ({ value, buffers }: Answer<H>) => JSON.stringify([value, buffers.map(({ byteLength }) => byteLength)]);
  return text(one) === text(other);
}
