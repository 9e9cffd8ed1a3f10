// What the browser and the kernel say to each other about patterns. The kernel's half is widgets/pattern_gallery.py.
import type { Hello as AnyHello } from "../shared/hello";
import type { Sheet } from "../shared/wall/thumbnails";

export interface Hello extends AnyHello {
  count: number;
  /** Grows with each change: who has missed one reads everything again. */
  revision: number;
  /** Names these patterns and the boxes that they are from. */
  gallery: string;
  /** Whether each pattern has an importance. */
  sortable: boolean;
  /** What can make more patterns. */
  makers: string[];
  making: Making | null;
}

export interface Making {
  name: string;
  made: number;
  wanted: number;
  /** How much of the work is done, in [0, 1], or null where that is not told. */
  share: number | null;
  done?: true;
  stopped?: true;
  error?: { message: string; details: string };
}

/** Buffers: origins, states, labels, parents and importance of the rows from `start` on. */
export interface Columns {
  revision: number;
  classes: string[];
  count: number;
}

/** Where a pattern came from. */
export interface About {
  id: string;
  image?: string;
  operation?: string;
  parent?: string;
  magnitude?: number;
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  size: [number, number];
  /** The box in the second picture, as shares of its width and height: x, y, width, height. */
  place?: [number, number, number, number];
}

/** Buffers of `changed`: rows, states and labels. */
export interface News {
  sheet?: Sheet;
  making?: Making;
  changed?: { revision: number; classes: string[]; all?: true };
  /** There are so many patterns now, which together have this name. */
  grown?: { count: number; gallery: string };
}

/**
 * `gallery` names the first `count` patterns, which the gesture is about; `of` is the action that is taken back, where
 * that was not saved yet either.
 */
export type Gesture = { action: string; gallery: string; count: number } & (
  | { kind: "judge"; items: number[] | string; present?: boolean; label?: string }
  | { kind: "undo" | "redo"; of?: string }
);

/** The answer to a gesture: how many patterns it was about. */
export interface Done {
  touched: number;
}
