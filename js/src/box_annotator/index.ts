// The entry point that anywidget calls: ask the kernel what to show, then build the annotator.
import type { RenderProps } from "@anywidget/types";
import { element } from "../shared/element";
import { KernelError, Requests, Superseded } from "../shared/requests";
import { Annotator } from "./annotator";
import type { Hello } from "./protocol";

function render({ model, el }: RenderProps): () => void {
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
  const slow = window.setTimeout(() => {
    opening.textContent =
      "Waiting for the kernel. If it was restarted, run this cell again: what was drawn and not saved yet is kept in this browser.";
  }, 2000);

  requests
    .ask<Hello>("hello")
    .then(({ value, buffers }) => {
      opening.remove();
      annotator = new Annotator(root, requests, value, buffers);
    })
    .catch((error: Error) => {
      if (error instanceof Superseded) return;
      opening.textContent = `The annotator could not be opened: ${error.message}`;
      if (error instanceof KernelError) opening.append(element("pre", {}, error.details));
    })
    .finally(() => clearTimeout(slow));

  return () => {
    clearTimeout(slow);
    annotator?.dispose();
    requests.dispose();
  };
}

export default { render };
