// The entry point that anywidget calls: ask the kernel what to show, then build the review.
import type { RenderProps } from "@anywidget/types";
import { mount } from "../shared/mount";
import type { Hello } from "./protocol";
import { Review } from "./review";

function render({ model, el }: RenderProps): () => void {
  const attributes = { class: "ig-root ig-similarity-review", role: "group" };
  return mount<Hello>(model, el, "Similarity review", attributes, (root, requests, hello, buffers) => new Review(root, requests, hello, buffers).view);
}

export default { render };
