// The entry point that anywidget calls: ask the kernel what to show, then build the finder.
import { stageWidget } from "../shared/stage/stage_widget";
import { Finder } from "./finder";
import type { Hello } from "./protocol";

export default {
  render: stageWidget<Hello>("Pattern hits", (root, requests, hello, canvas) => new Finder(root, requests, hello, canvas).session),
};
