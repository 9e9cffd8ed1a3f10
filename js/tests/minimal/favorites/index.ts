import type { RenderProps } from "@anywidget/types";
import { mount } from "../../../src/shared/mount";
import type { RowsHello } from "../../../src/shared/wall/rows_session";
import { Favorites } from "./favorites";

const attributes = { class: "ig-root ig-favorites", role: "group" };

export default {
  render: ({ model, el }: RenderProps) =>
    mount<RowsHello>(model, el, "Favorites", attributes, (root, requests, hello, buffers) => {
      return new Favorites(root, requests, hello, buffers).view;
    }),
};
