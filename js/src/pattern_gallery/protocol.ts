// What the browser and the kernel say to each other about patterns. The kernel's half is widgets/pattern_gallery.py.
import type { RowsHello } from "../shared/wall/rows_session";

export interface Hello extends RowsHello, Known {
  /** Whether each pattern has an importance. */
  sortable: boolean;
  /** What can make more patterns. */
  generators: string[];
  making: Making | null;
}

/** What is told with each revision. */
export interface Known {
  /** Grows when patterns come that have others. */
  classes: string[];
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

export interface News {
  making?: Making;
}
