// Numbers of items in a message. The kernel's half is widgets/wall/selection.py.

/** Few items as they are, many as text with a bit for each: 100 000 take 17 kB, whichever they are. */
export function packed(items: readonly number[], count: number): number[] | string {
  if (items.length * 8 < count / 6) return [...items];
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (const item of items) bytes[item >> 3] = (bytes[item >> 3] as number) | (1 << (item & 7));
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** The items that `packed` was given. */
export function unpacked(text: number[] | string): number[] {
  if (typeof text !== "string") return text;
  const items: number[] = [];
  const bytes = atob(text);
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0, byte = bytes.charCodeAt(i); byte; bit++, byte >>= 1) if (byte & 1) items.push(8 * i + bit);
  }
  return items;
}
