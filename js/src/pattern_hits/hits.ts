// What a search has found, and what was said about it.
import type { Box } from "../shared/box";
import { column, joined } from "../shared/columns";
import { newKey } from "../shared/identity";
import { withoutUndone } from "../shared/pending";
import type { Decision, Gesture, Statement } from "./protocol";

const SAME_IOU = 0.5; // so much of a place was judged already

export interface Hit extends Box {
  image: string;
  position: number;
  score: number;
}

export class Hits {
  private positions = new Int32Array(0);
  private scores = new Float32Array(0);
  private boxes = new Float32Array(0);
  private images: string[] = [];
  private readonly byImage = new Map<string, number[]>();
  /** What the kernel says, by image. */
  private readonly decisions = new Map<string, readonly Decision[]>();
  /** The same with what it has not acknowledged yet, where that makes a difference. */
  private readonly pending = new Map<string, readonly Decision[]>();

  get count(): number {
    return this.positions.length;
  }

  clear(): void {
    this.images = [];
    this.byImage.clear();
    this.positions = new Int32Array(0);
    this.scores = new Float32Array(0);
    this.boxes = new Float32Array(0);
  }

  /** Add what was found since: images, scores and boxes as they come in a message. */
  add(images: readonly string[], [positions, scores, boxes]: readonly DataView[]): void {
    for (const image of images) {
      const there = this.byImage.get(image) ?? [];
      there.push(this.images.length);
      this.byImage.set(image, there);
      this.images.push(image);
    }
    const { count } = this;
    this.positions = joined(this.positions, count, column(Int32Array, positions as DataView));
    this.scores = joined(this.scores, count, column(Float32Array, scores as DataView));
    this.boxes = joined(this.boxes, 4 * count, column(Float32Array, boxes as DataView));
  }

  get(item: number): Hit {
    const [x, y, width, height] = this.boxes.subarray(4 * item, 4 * item + 4) as unknown as [number, number, number, number];
    const [image, position, score] = [this.images[item], this.positions[item], this.scores[item]] as [string, number, number];
    return { image, position, score, x, y, width, height };
  }

  /** The hits that score at least so much, the best first. */
  above(threshold: number): Uint32Array {
    const found = new Uint32Array(this.count);
    let number = 0;
    for (let item = 0; item < this.count; item++) if ((this.scores[item] as number) >= threshold) found[number++] = item;
    return found.slice(0, number).sort((a, b) => (this.scores[b] as number) - (this.scores[a] as number) || a - b);
  }

  /** The hits in an image that score at least so much. */
  inImage(image: string, threshold: number): number[] {
    return (this.byImage.get(image) ?? []).filter((item) => (this.scores[item] as number) >= threshold);
  }

  /** Everything that is in force about some images, as the kernel says. */
  decide(decisions: Record<string, readonly Decision[]>): void {
    for (const [image, some] of Object.entries(decisions)) this.decisions.set(image, some);
  }

  decided(image: string): readonly Decision[] {
    return this.pending.get(image) ?? this.decisions.get(image) ?? [];
  }

  /** What was said about the place of a hit, or undefined. */
  decision(item: number): Decision | undefined {
    const hit = this.get(item);
    let best: Decision | undefined;
    let overlap = SAME_IOU;
    for (const one of this.decided(hit.image)) {
      const share = iou(hit, one);
      if (share >= overlap) [best, overlap] = [one, share];
    }
    return best;
  }

  /** How many places of each class were accepted, as far as is known here. */
  accepted(classes: readonly string[]): number[] {
    const images = new Set([...this.decisions.keys(), ...this.pending.keys()]);
    const labels = [...images].flatMap((image) => this.decided(image).filter((one) => one.accepted).map(({ label }) => label));
    return classes.map((name) => labels.filter((label) => label === name).length);
  }

  /** Say of some hits that they are defects of a class, or none; gives the statements for the log. */
  judge(items: readonly number[], label: string, accepted: boolean): Statement[] {
    return items.map((item) => {
      const hit = this.get(item);
      const before = this.decision(item);
      const { x, y, width, height } = hit;
      const said = { key: newKey(), image: hit.image, label, present: accepted, x, y, width, height };
      return before ? { ...said, replaces: before.key } : said;
    });
  }

  /** Show what waits for the kernel as if it were acknowledged, and nothing else of the kind. */
  showPending(waiting: readonly Gesture[]): void {
    this.pending.clear();
    for (const { statements } of withoutUndone(waiting)) {
      for (const { key, image = "", label, present, x, y, width, height, replaces } of statements) {
        if (x === undefined || y === undefined || width === undefined || height === undefined) continue;
        const kept = this.decided(image).filter((one) => one.key !== replaces && one.key !== key);
        const place = { x, y, width, height };
        this.pending.set(image, [...kept, { key, label: label ?? "", accepted: present === true, ...place }]);
      }
    }
  }
}

export function iou(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.width * a.height + b.width * b.height - width * height);
}
