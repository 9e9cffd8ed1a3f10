// The entry point that anywidget calls: ask the kernel what to show, then build the gallery.
import type { RenderProps } from "@anywidget/types";
import { mount } from "../shared/mount";
import { Gallery } from "./gallery";
import type { Hello } from "./protocol";

function render({ model, el }: RenderProps): () => void {
  const attributes = { class: "ig-root ig-pattern-gallery", role: "group" };
  return mount<Hello>(model, el, "Pattern gallery", attributes, (root, requests, hello, buffers) => new Gallery(root, requests, hello, buffers).view);
}

export default { render };
