// What the browser and the kernel say to each other about labels. The kernel's half is widgets/similarity_review.py.
import type { RowsHello } from "../shared/wall/rows_session";

export interface Hello extends RowsHello, Known {
  /** How many of them are in one of the orders. */
  shown: number;
  /** What labels are called; the first `offered` of them can be given. */
  classes: string[];
  offered: number;
  orders: string[];
  groupings: string[];
  /** Whether the kernel knows which images resemble each other. */
  neighbors: boolean;
}

/** How many wrong labels are left: expected, and the ends of an interval. */
export type Left = readonly [number, number, number];

/** What is told with each revision. */
export interface Known {
  left: Left;
}

/** Buffer: a part of an order, or of the groups of all images, of which `names` are the names. */
export interface ListPart {
  count: number;
  names?: string[];
}

/** Pictures: the image, then those that resemble it. */
export interface About {
  id: string;
  size: [number, number];
  similar: number[];
}

/** What is said about images: that the given label is wrong, which one is right, or no longer anything. */
export type Says = { says: "wrong" } | { says: "label"; label: string } | { says: "nothing" };
