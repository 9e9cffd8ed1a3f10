// Scrolling further than browsers can: no element may be higher than some million pixels, a wall may.
// Near both ends a pixel of the scroll bar is a pixel of the wall; between them a small step is exact as well, and a
// large one (the scroll bar dragged) is stretched.

export const TALLEST = 8_000_000;
const EXACT = 500_000;
const SETTLES_MS = 150;

/** Where the browser scrolls to for an offset of the wall. */
export function physicalOf(offset: number, height: number, seen: number): number {
  if (height <= TALLEST) return offset;
  const last = height - seen;
  const lastPhysical = TALLEST - seen;
  if (offset <= EXACT) return offset;
  if (offset >= last - EXACT) return lastPhysical - (last - offset);
  return EXACT + ((offset - EXACT) / (last - 2 * EXACT)) * (lastPhysical - 2 * EXACT);
}

/** The offset of the wall for where the browser has scrolled to. */
export function offsetOf(physical: number, height: number, seen: number): number {
  if (height <= TALLEST) return physical;
  const last = height - seen;
  const lastPhysical = TALLEST - seen;
  if (physical <= EXACT) return physical;
  if (physical >= lastPhysical - EXACT) return last - (lastPhysical - physical);
  return EXACT + ((physical - EXACT) / (lastPhysical - 2 * EXACT)) * (last - 2 * EXACT);
}

export class Scroller {
  /** How far the wall is scrolled, in CSS pixels. */
  offset = 0;
  private height = 0;
  private lastTop = 0;
  private timer = 0;

  /**
   * @param frame the element that scrolls
   * @param content the element in it that is as high as the wall, or as high as an element may be
   * @param moved is called after each change of the offset
   */
  constructor(
    private readonly frame: HTMLElement,
    private readonly content: HTMLElement,
    private readonly moved: () => void,
    signal: AbortSignal,
  ) {
    frame.addEventListener("scroll", () => this.follow(), { signal, passive: true });
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  get last(): number {
    return Math.max(0, this.height - this.frame.clientHeight);
  }

  resize(height: number): void {
    this.height = height;
    this.content.style.height = `${Math.min(height, TALLEST)}px`;
    this.to(this.offset);
  }

  to(offset: number): void {
    this.offset = Math.min(Math.max(offset, 0), this.last);
    this.agree();
    this.moved();
  }

  private follow(): void {
    const top = this.frame.scrollTop;
    const step = top - this.lastTop;
    if (step === 0) return;
    this.lastTop = top;
    const seen = this.frame.clientHeight;
    const small = Math.abs(step) <= Math.max(2 * seen, 2000);
    const mapped = offsetOf(top, this.height, seen);
    this.offset = small && this.height > TALLEST ? Math.min(Math.max(this.offset + step, 0), this.last) : mapped;
    clearTimeout(this.timer);
    if (this.height > TALLEST) this.timer = window.setTimeout(() => this.agree(), SETTLES_MS);
    this.moved();
  }

  /** Put the scroll bar where it belongs, without moving the wall. */
  private agree(): void {
    this.frame.scrollTop = physicalOf(this.offset, this.height, this.frame.clientHeight);
    this.lastTop = this.frame.scrollTop;
  }
}
