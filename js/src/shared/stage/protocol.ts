// What the browser and the kernel say to each other about an image on a stage. The kernel's half is widgets/stage/viewer.py.
import type { Box } from "../box";
import type { Hello } from "../hello";

/** A statement in force: one box, in pixels of the full-resolution image. */
export interface Drawn extends Box {
  key: string;
  label: string;
}

/** A box as the stage shows it. */
export interface Shape extends Drawn {
  /** What is written at it; default: the label. */
  caption?: string;
  /** Its style: see stage.css. */
  kind?: string;
}

/** One image. */
export interface Page {
  position: number;
  image: string;
  width: number;
  height: number;
  /** Pixels of the picture below us per pixel of the image, at most 1. */
  reduction: number;
  /** Why the image cannot be shown, or null. */
  problem: string | null;
}

/** What the kernel says at first. */
export interface StageHello extends Hello {
  /** The model of the canvas that shows the picture. */
  canvas: string;
  /** Names the images of this widget: an undo is about them only. */
  queue: string;
  classes: string[];
  /** How many images there are. */
  images: number;
}

/** What the kernel says about an image, and how far the queue is. */
export interface Shown<P extends Page, Q> {
  page: P;
  progress: Q;
}

/** What it tells all views: one of them has turned to another page, or something was said about one. */
export type News<S> = S & { turned: boolean };

/** The answer to a gesture: `touched` lists the images it was about, none when there was nothing to undo. */
export type Done<S> = S & { touched: string[] };

/** The answer to a page turn: whether the kernel has drawn another picture, which then comes a moment later. */
export interface Turned {
  painted: boolean;
}

/** A row for the log: a new statement, one that replaces another, a deletion, a comment, or a verdict. */
export interface Statement extends Partial<Box> {
  key: string;
  image?: string;
  label?: string | null;
  present?: boolean | null;
  replaces?: string;
  deletes?: string;
  comment?: string;
  verdict?: boolean;
  /** A verdict about a box that the reviewer drew. */
  proposed?: boolean;
}

/**
 * What a person does in an image: `queue` names the images of the widget, an undo is about them only.
 * `of` is the action that is taken back, where that was not saved yet either.
 */
export type Gesture =
  | { kind: "say"; action: string; image: string; statements: Statement[] }
  | { kind: "undo" | "redo"; action: string; image: string; queue: string; of?: string };
