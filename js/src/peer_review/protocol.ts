// What the browser and the kernel say to each other about other people's boxes. The kernel's half is widgets/peer_review.py.
import type { Box } from "../shared/box";
import type { Done as StageDone, Drawn, News as StageNews, Page as StagePage, Shown as StageShown, StageHello } from "../shared/stage/protocol";

export type { Gesture, Statement } from "../shared/stage/protocol";

export interface Remark {
  key: string;
  annotator: string;
  text: string;
  /** When, as an ISO date. */
  at: string;
}

/** A box to be judged. */
export interface Proposal extends Drawn {
  outlier: boolean;
  /** This reviewer drew it: others judge it. */
  yours: boolean;
  /** Who drew it; empty in a blind review. */
  annotators: string;
  /** The boxes that it was merged of. */
  members: (Box & { annotator: string })[];
  mine: { key: string; accepted: boolean } | null;
  /** Votes for and against it; null in a blind review. */
  votes: [number, number] | null;
  /** What the votes decide; null while they do not. */
  accepted: boolean | null;
  remarks: Remark[];
}

export interface Page extends StagePage {
  proposals: Proposal[];
  /** What was remarked about the whole image. */
  remarks: Remark[];
  /** What people said about the whole image. */
  whole: { annotator: string; label: string; present: boolean }[];
}

export interface Progress {
  images: number;
  /** Images in which this reviewer has voted on every box. */
  done: number;
  /** Boxes that this reviewer has not voted on. */
  boxes: number;
  /** Position of the first image with such a box, or null. */
  next: number | null;
}

export type Shown = StageShown<Page, Progress>;
export type News = StageNews<Shown>;
export type Done = StageDone<Shown>;

export interface Hello extends StageHello, Shown {
  rule: string;
  guidelines: string;
}
