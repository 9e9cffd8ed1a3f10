// What the browser and the kernel say to each other about labels. The kernel's half is widgets/similarity_review.py.
import type { Hello as AnyHello } from "../shared/hello";
import type { Sheet } from "../shared/wall/thumbnails";

export interface Hello extends AnyHello {
  count: number;
  /** How many of them are in one of the orders. */
  shown: number;
  /** Grows with each change: who has missed one reads everything again. */
  revision: number;
  /** Names these images and the labels that they were given. */
  review: string;
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

/** Buffers: what was seen, states, labels and given labels of the rows from `start` on. */
export interface Columns {
  revision: number;
  count: number;
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

/** Buffers of `changed`: rows, what was seen, states and labels. */
export interface News {
  sheet?: Sheet;
  changed?: { revision: number; left: Left; all?: true };
}

/** What is said about images: that the given label is wrong, which one is right, or no longer anything. */
export type Says = { says: "wrong" } | { says: "label"; label: string } | { says: "nothing" };

/**
 * `review` names the images and labels that the gesture is about; `look` says that images were looked at; `of` is the
 * action that is taken back, where that was not saved yet either.
 */
export type Gesture = { action: string; review: string } & (
  | ({ kind: "say"; items: number[] | string } & Says)
  | { kind: "look"; items: number[] | string }
  | { kind: "undo" | "redo"; of?: string }
);

/** The answer to a gesture: how many images it was about. */
export interface Done {
  touched: number;
}
