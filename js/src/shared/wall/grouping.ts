// Items under headers: those of one group together, in the order that they had.
import { cut, isolated } from "../names";
import type { Section } from "./layout";

export interface Arranged {
  order: Uint32Array;
  sections: Section[];
}

/**
 * @param order items, in their order
 * @param groups the number of each item's group, the lowest is the first
 * @param name what a group is called
 */
export function grouped(order: Uint32Array, groups: ArrayLike<number>, name: (group: number) => string): Arranged {
  const sorted = order.slice().sort((a, b) => (groups[a] as number) - (groups[b] as number)); // equal ones keep their order
  const sections: Section[] = [];
  let start = 0;
  for (let i = 1; i <= sorted.length; i++) {
    const group = groups[sorted[start] as number] as number;
    if (i < sorted.length && groups[sorted[i] as number] === group) continue;
    sections.push({ title: `${isolated(cut(name(group)))} (${i - start})`, count: i - start });
    start = i;
  }
  return { order: sorted, sections };
}
