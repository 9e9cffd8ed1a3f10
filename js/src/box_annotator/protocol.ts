// What the browser and the kernel say to each other about boxes. The kernel's half is widgets/box_annotator.py.
import type { Done as StageDone, Drawn, News as StageNews, Page as StagePage, Shown as StageShown, StageHello } from "../shared/stage/protocol";

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
  /** How many boxes there are of each class. */
  classes: number[];
  /** How many images with defects are wanted, or null. */
  goal: number | null;
  /** Position of the first image that nothing was said about, or null. */
  next: number | null;
}

export type Shown = StageShown<Page, Progress>;
export type News = StageNews<Shown>;
export type Done = StageDone<Shown>;

export interface Hello extends StageHello, Shown {
  guidelines: string;
  /** The class of each picture that comes as a buffer. */
  examples: string[];
}
