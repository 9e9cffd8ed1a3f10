// Going from box to box, round and round.

/** The box after the one with a key, or before it. */
export function neighbor<B extends { key: string }>(boxes: readonly B[], key: string | null, step: 1 | -1): B | undefined {
  const at = boxes.findIndex((box) => box.key === key);
  if (at < 0) return boxes.at(step > 0 ? 0 : -1);
  return boxes[(at + step + boxes.length) % boxes.length];
}
