// Boxes in an image: whole pixels, inside it.
import { type Box, upright } from "../box";

export const SMALLEST_BOX_PIXELS = 2;

/** Whole pixels inside the image, drawn in whatever direction, at least two pixels wide and high. */
export function snapped(box: Box, imageWidth: number, imageHeight: number): Box {
  const within = (value: number, most: number) => Math.min(Math.max(Math.round(value), 0), most);
  const span = (a: number, b: number, most: number) => {
    const least = Math.min(SMALLEST_BOX_PIXELS, most);
    const from = Math.min(within(Math.min(a, b), most), most - least);
    const to = Math.max(within(Math.max(a, b), most), from + least);
    return [from, to - from] as const;
  };
  const [x, width] = span(box.x, box.x + box.width, imageWidth);
  const [y, height] = span(box.y, box.y + box.height, imageHeight);
  return { x, y, width, height };
}

/** Moved as a whole: the size stays, the image's border stops it. */
export function moved(box: Box, dx: number, dy: number, imageWidth: number, imageHeight: number): Box {
  return {
    x: Math.min(Math.max(Math.round(box.x + dx), 0), Math.max(imageWidth - box.width, 0)),
    y: Math.min(Math.max(Math.round(box.y + dy), 0), Math.max(imageHeight - box.height, 0)),
    width: box.width,
    height: box.height,
  };
}

/** True when no part of a box lies on the image: a drag beside it. */
export function beside(box: Box, imageWidth: number, imageHeight: number): boolean {
  const { x, y, width, height } = upright(box);
  return x >= imageWidth || y >= imageHeight || x + width <= 0 || y + height <= 0;
}
