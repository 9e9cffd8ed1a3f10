// How a widget with a stage begins: with the model of the kernel's canvas below it.
import type { AnyModel, Host, RenderProps } from "@anywidget/types";
import { type Opened, mount } from "../mount";
import type { Requests } from "../requests";
import type { StageHello } from "./protocol";

/** The function that anywidget calls. */
export function stageWidget<H extends StageHello>(
  name: string,
  build: (root: HTMLElement, requests: Requests, hello: H, canvas: AnyModel | null, buffers: DataView[]) => Opened<H>,
): (props: RenderProps) => () => void {
  return ({ model, el, host }) =>
    mount<H>(model, el, name, { tabindex: "0", role: "application" }, async (root, requests, hello, buffers) => {
      return build(root, requests, hello, await canvasModel(hello.canvas, host), buffers);
    });
}

/** Null in a front end without models of other widgets: pages then count as shown when they are known. */
async function canvasModel(name: string, host: Host): Promise<AnyModel | null> {
  try {
    return await host.getModel(name);
  } catch {
    return null;
  }
}
