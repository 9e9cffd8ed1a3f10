import { test } from "node:test";
import { expect } from "expect";
import { inParts } from "../src/pattern_hits/parts";
import type { Statement } from "../src/pattern_hits/protocol";

const statement = (i: number): Statement => ({ key: `key ${i}`, image: "ä".repeat(i % 90), label: "crack", x: i / 7 });
const bytes = (part: Statement[]) => new TextEncoder().encode(JSON.stringify(part)).length;

test("parts together say everything, in order, and none is too large", () => {
  const all = Array.from({ length: 1000 }, (_, i) => statement(i));
  const parts = inParts(all, 5000);
  expect(parts.flat()).toEqual(all);
  for (const part of parts) expect(bytes(part)).toBeLessThanOrEqual(5000 + 1);
  // nor smaller than need be: two neighbors do not fit into one
  for (let i = 1; i < parts.length; i++) {
    expect(bytes([...(parts[i - 1] as Statement[]), ...(parts[i] as Statement[])])).toBeGreaterThan(5000);
  }
});

test("what fits is one part, which an undo takes back whole", () => {
  expect(inParts([statement(1), statement(2)])).toHaveLength(1);
  expect(inParts([])).toEqual([]);
});

test("a hundred thousand hits stay below the limit of a message", () => {
  const key = "0123456789abcdef0123456789abcdef";
  const hit = { key, replaces: key, label: "crack", present: true, x: 1 / 3, y: 2 / 3, width: 1 / 7, height: 1 / 9 };
  const parts = inParts(Array.from({ length: 100_000 }, (_, i) => ({ ...hit, image: `a folder/${i}.png` })));
  for (const part of parts) expect(bytes(part)).toBeLessThan(500_000);
});

test("a statement that is larger than a part is one of its own", () => {
  const long = { ...statement(1), image: "x".repeat(9000) };
  expect(inParts([statement(1), long, statement(2)], 5000).map((part) => part.length)).toEqual([1, 1, 1]);
});
