// How every widget begins and ends: it asks the kernel what to show, and says so while it waits.
import type { AnyModel } from "@anywidget/types";
import { element } from "./element";
import type { Hello } from "./hello";
import { KernelError, Requests, Superseded } from "./requests";

export interface Opened {
  dispose(): void;
}

/**
 * @param name what people call the widget
 * @param attributes of the element that holds the widget, such as its role
 * @param build makes the widget of the kernel's answer
 * @returns what closes the widget
 */
export function open<H extends Hello>(
  model: AnyModel,
  el: HTMLElement,
  name: string,
  attributes: Record<string, string>,
  build: (root: HTMLElement, requests: Requests, hello: H, buffers: DataView[]) => Opened | Promise<Opened>,
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
  let opened: Opened | null = null;
  let closed = false;
  const slow = window.setTimeout(() => {
    opening.textContent =
      "Waiting for the kernel. If it was restarted, run this cell again: what was said and not saved yet is kept in this browser.";
  }, 2000);

  requests
    .ask<H>("hello")
    .then(async ({ value, buffers }) => {
      if (closed) return;
      opening.remove();
      if (value.note) root.append(element("p", { class: "ig-note", role: "note", tabindex: "0" }, value.note));
      opened = await build(root, requests, value, buffers);
      if (closed) opened.dispose();
    })
    .catch((error: Error) => {
      if (error instanceof Superseded) return;
      root.prepend(opening);
      opening.textContent = `This widget could not be opened: ${error.message}`;
      if (error instanceof KernelError) opening.append(element("pre", {}, error.details));
    })
    .finally(() => clearTimeout(slow));

  return () => {
    closed = true;
    clearTimeout(slow);
    opened?.dispose();
    requests.ask("bye").catch(() => undefined); // nobody waits for the answer
    requests.dispose();
  };
}
