// The entry point that anywidget calls: ask the kernel what to show, then build the review.
import { stageWidget } from "../shared/stage/stage_widget";
import type { Hello } from "./protocol";
import { Review } from "./review";

export default {
  render: stageWidget<Hello>("Peer review", (root, requests, hello, canvas) => new Review(root, requests, hello, canvas).session),
};
