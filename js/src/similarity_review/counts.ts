// How the review goes, in a line.
import type { Left } from "./protocol";

const NUMBER = new Intl.NumberFormat("en");
const whole = (value: number) => NUMBER.format(Math.round(value));

interface Progress {
  selected: number;
  seen: number;
  /** How many images there are to review. */
  shown: number;
  errors: number;
  left: Left;
}

export function progressText({ selected, seen, shown, errors, left }: Progress): string {
  const parts = [`reviewed ${whole(seen)} of ${whole(shown)}`];
  if (selected > 0) parts.unshift(`${whole(selected)} selected`);
  if (seen > 0) {
    const rate = Number(((100 * errors) / seen).toFixed(1));
    parts.push(`${whole(errors)} ${errors === 1 ? "error" : "errors"}, ${rate} per 100 looked at`);
    if (seen < shown) parts.push(`about ${whole(left[0])} left (${whole(left[1])}–${whole(left[2])})`);
  }
  return parts.join(" · ");
}
