// Columns of numbers, as they come in messages.

type Column = Uint8Array | Uint16Array | Int32Array | Float32Array;

/** The numbers in a buffer. They are copied: a message may begin at an odd place, where no larger numbers can lie. */
export function column<C extends Column>(kind: new (bytes: ArrayBuffer) => C, { buffer, byteOffset, byteLength }: DataView): C {
  return new kind(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/** A column with a part put over it from `start` on, longer if need be. */
export function joined<C extends Column>(whole: C, start: number, part: C): C {
  const longer = new (whole.constructor as new (length: number) => C)(Math.max(whole.length, start + part.length));
  longer.set(whole);
  longer.set(part, start);
  return longer;
}

/** How often each of so many kinds occurs; numbers that are none of them are left out. */
export function tallied(column: Uint8Array | Uint16Array, kinds: number): number[] {
  const counts = new Array<number>(kinds).fill(0);
  for (const value of column) if (value < kinds) counts[value] = (counts[value] as number) + 1;
  return counts;
}
