// What the browser and the kernel say to each other about hits. The kernel's half is widgets/pattern_hits.py.
import type { Drawn, Page, StageHello } from "../shared/stage/protocol";
import type { Sheet } from "../shared/wall/thumbnails";

export type { Gesture, Statement } from "../shared/stage/protocol";

export interface Shown {
  page: Page;
  /** What is in force about this image. */
  said: Record<string, Decision[]>;
}

/** How far a search is. */
export interface State {
  search: number;
  /** What the kernel calls the first hit: numbers are never used again. */
  first: number;
  count: number;
  done: boolean;
  stopped?: true;
  error?: { message: string; details: string };
}

/** What was said about a place: a defect of a class (accepted), or none. */
export interface Decision extends Drawn {
  accepted: boolean;
}

export interface Hello extends StageHello, Shown {
  /** Whether there are heat maps. */
  heat: boolean;
  state: State;
}

/** Hits in the order of finding; buffers: positions of their images, scores, boxes. */
export interface Found {
  search: number;
  images: string[];
  said: Record<string, Decision[]>;
}

export interface News extends Partial<Shown> {
  turned?: boolean;
  sheet?: Sheet;
  searched?: State;
  /** What is in force about some images now. */
  said?: Record<string, Decision[]>;
}

/** The answer to a gesture: `touched` lists the images it was about, none when there was nothing to undo. */
export interface Done {
  touched: string[];
  said: Record<string, Decision[]>;
}
