// Points and boxes, in whatever pixels.

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

/** The same box with positive sides: one that is drawn towards the upper left has negative ones. */
export function upright({ x, y, width, height }: Box): Box {
  return {
    x: Math.min(x, x + width),
    y: Math.min(y, y + height),
    width: Math.abs(width),
    height: Math.abs(height),
  };
}

export function middleOf({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

/** Whether a point is in a box, or beside it by no more than `slack`. */
export function contains({ x, y, width, height }: Box, at: Point, slack = 0): boolean {
  return at.x >= x - slack && at.x <= x + width + slack && at.y >= y - slack && at.y <= y + height + slack;
}

/** The smallest box around a point, so that a box inside another can be reached. */
export function smallestAt<B extends Box>(boxes: readonly B[], at: Point, slack: number): B | undefined {
  return boxes
    .filter((box) => contains(box, at, slack))
    .sort((a, b) => a.width * a.height - b.width * b.height)[0];
}
