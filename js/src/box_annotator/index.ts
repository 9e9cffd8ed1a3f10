// The entry point that anywidget calls: ask the kernel what to show, then build the annotator.
import type { AnyModel, Host, RenderProps } from "@anywidget/types";
import { element } from "../shared/element";
import { KernelError, Requests, Superseded } from "../shared/requests";
import { Annotator } from "./annotator";
import type { Hello } from "./protocol";

/** The model of the kernel's canvas: it tells when a picture is drawn. */
async function canvasOf({ canvas }: Hello, host: Host): Promise<AnyModel | null> {
  try {
    return await host.getModel(canvas);
  } catch {
    return null; // a front end without models of other widgets: pages then count as shown when they are known
  }
}

function render({ model, el, host }: RenderProps): () => void {
  const root = element("div", {
    class: "ig-root",
    tabindex: "0",
    role: "application",
    "aria-label": "Box annotator: press ? for all keys",
    "data-lm-suppress-shortcuts": "true",
  });
  const opening = element("p", { class: "ig-opening", role: "status" }, "Opening …");
  root.append(opening);
  el.append(root);

  const requests = new Requests(model);
  let annotator: Annotator | null = null;
  let closed = false;
  const slow = window.setTimeout(() => {
    opening.textContent =
      "Waiting for the kernel. If it was restarted, run this cell again: what was drawn and not saved yet is kept in this browser.";
  }, 2000);

  requests
    .ask<Hello>("hello")
    .then(async ({ value, buffers }) => {
      const canvas = await canvasOf(value, host);
      if (closed) return;
      opening.remove();
      annotator = new Annotator(root, requests, value, buffers, canvas);
    })
    .catch((error: Error) => {
      if (error instanceof Superseded) return;
      opening.textContent = `The annotator could not be opened: ${error.message}`;
      if (error instanceof KernelError) opening.append(element("pre", {}, error.details));
    })
    .finally(() => clearTimeout(slow));

  return () => {
    closed = true;
    clearTimeout(slow);
    annotator?.dispose();
    requests.ask("bye").catch(() => undefined); // nobody waits for the answer
    requests.dispose();
  };
}

export default { render };
