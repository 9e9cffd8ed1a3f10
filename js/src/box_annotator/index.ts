// The entry point that anywidget calls: ask the kernel what to show, then build the annotator.
import { stageWidget } from "../shared/stage/stage_widget";
import { Annotator } from "./annotator";
import type { Hello } from "./protocol";

export default {
  render: stageWidget<Hello>("Box annotator", (...parts) => new Annotator(...parts).session),
};
