import { stageWidget } from "../../../src/shared/stage/stage_widget";
import { type Hello, Verdict } from "./verdict";

export default {
  render: stageWidget<Hello>("Verdict", (root, requests, hello, canvas) => new Verdict(root, requests, hello, canvas).session),
};
