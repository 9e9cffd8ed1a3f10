// What the browser and the kernel say to each other about boxes. The kernel's half is widgets/box_annotator.py.
import type { Drawn, Page as StagePage, StageHello } from "../shared/stage/protocol";

export type { Drawn, Gesture, Statement } from "../shared/stage/protocol";

/** A statement about the whole image: nothing of this class here (false), or skipped (null). */
export interface Verdict {
  key: string;
  label: string | null;
  present: boolean | null;
}

/** One image and what this annotator has said about it. */
export interface Page extends StagePage {
  boxes: Drawn[];
  verdicts: Verdict[];
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

export interface Shown {
  page: Page;
  progress: Progress;
}

export interface Hello extends StageHello, Shown {
  guidelines: string;
  /** The class of each picture that comes as a buffer. */
  examples: string[];
}

/** What the kernel tells all views: one of them has turned to another page, or something was said about one. */
export interface News extends Shown {
  turned: boolean;
}

/** The answer to a gesture: `touched` lists the images it was about, none when there was nothing to undo. */
export type Done = Shown & { touched: string[] };
