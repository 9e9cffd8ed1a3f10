// What is drawn over the pictures: the label, and what was said about it; by shapes and words as well as by colors.
import type { Box } from "../shared/box";
import { cut, isolated } from "../shared/names";
import { colorOf } from "../shared/palette";
import { badge, caption, cross } from "../shared/wall/marks";
import { CONFIRMED, MARKED, NO_CLASS, RELABELED, type Table } from "./table";

const NAMED_FROM_PIXELS = 84; // smaller tiles have no room for a name
const WRONG = "#d55e00";
const NEW = "#0072b2";

/** The label of an image in one line; of one that was changed, the old and the new one. */
export function lineOf(table: Table, item: number): string {
  const [given, label] = [table.given[item] as number, table.label(item)];
  const now = isolated(cut(table.name(label)));
  return table.state(item) === RELABELED && given !== NO_CLASS ? `${isolated(cut(table.name(given)))} → ${now}` : now;
}

export function decorate(table: Table, context: CanvasRenderingContext2D, item: number, tile: Box): void {
  const state = table.state(item);
  const label = table.label(item);
  if (state === MARKED) cross(context, tile, WRONG);
  if (label !== NO_CLASS) {
    context.fillStyle = colorOf(label);
    context.fillRect(tile.x, tile.y + tile.height - 4, tile.width, 4);
  }
  if (tile.width >= NAMED_FROM_PIXELS) caption(context, tile, lineOf(table, item));
  else if (state === RELABELED) caption(context, tile, isolated(cut(table.name(label))));
  if (state === MARKED) badge(context, tile, "✕", WRONG, "#fff");
  else if (state === RELABELED) badge(context, tile, "→", NEW, "#fff");
  else if (state === CONFIRMED) badge(context, tile, "✓", "#009e73", "#fff");
}
