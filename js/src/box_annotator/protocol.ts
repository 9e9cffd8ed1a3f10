// What the browser and the kernel say to each other about boxes. The kernel's half is widgets/box_annotator.py.
import type { Box } from "../shared/viewport";

/** A statement in force: one box, in pixels of the full-resolution image. */
export interface Drawn extends Box {
  key: string;
  label: string;
}

/** A statement about the whole image: nothing of this class here (false), or skipped (null). */
export interface Verdict {
  key: string;
  label: string | null;
  present: boolean | null;
}

/** One image and what this annotator has said about it. */
export interface Page {
  position: number;
  image: string;
  width: number;
  height: number;
  /** Pixels of the picture below us per pixel of the image, at most 1. */
  reduction: number;
  boxes: Drawn[];
  verdicts: Verdict[];
  /** Why the image cannot be shown, or null. */
  problem: string | null;
}

export interface Progress {
  images: number;
  seen: number;
  defective: number;
  boxes: number;
  /** How many images with defects are wanted, or null. */
  goal: number | null;
  /** Position of the first image that nothing was said about, or null. */
  next: number | null;
}

export interface Hello {
  /** The model of the canvas that shows the picture. */
  canvas: string;
  /** Names the images of this widget: an undo is about them only. */
  queue: string;
  page: Page;
  progress: Progress;
  classes: string[];
  guidelines: string;
  /** The class of each picture that comes as a buffer. */
  examples: string[];
  log: string;
  logName: string;
  annotator: string;
}

export interface Shown {
  page: Page;
  progress: Progress;
}

/** The answer to a page turn: whether the kernel has drawn another picture, which then comes a moment later. */
export interface Turned extends Shown {
  painted: boolean;
}

/** What the kernel tells all views: one of them has turned to another page, or something was said about one. */
export interface News extends Shown {
  turned: boolean;
}

/** The answer to a gesture: `touched` lists the images it was about, none when there was nothing to undo. */
export type Done = (Shown & { touched: string[] }) | { elsewhere: true };

/** A row for the log: a new statement, one that replaces another, or a deletion. */
export interface Statement extends Partial<Box> {
  key: string;
  image?: string;
  label?: string | null;
  present?: boolean | null;
  replaces?: string;
  deletes?: string;
}

export type Gesture =
  | { kind: "say"; action: string; image: string; statements: Statement[] }
  | { kind: "undo" | "redo"; action: string; image: string; queue: string };
