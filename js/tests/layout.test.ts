import { describe, test } from "node:test";
import { expect } from "expect";
import { GAP, HEADER, Layout, type Section, type Tile } from "../src/shared/wall/layout";

const WIDTH = 500;
const SIDE = 90;
const some: Section[] = [
  { title: "first", count: 7 },
  { title: "none", count: 0 },
  { title: "second", count: 1 },
  { title: "", count: 30 },
];

const cases: [string, Layout][] = [
  ["tiles", new Layout(38, [], WIDTH, SIDE)],
  ["tiles in sections", new Layout(38, some, WIDTH, SIDE)],
  ["tiles wider than the wall", new Layout(38, some, WIDTH, 900)],
];

const all = (layout: Layout): Tile[] => [...layout.within(-1, layout.height + 1)];
const overlap = (a: Tile, b: Tile) =>
  a.x < b.x + b.width - 1e-6 && b.x < a.x + a.width - 1e-6 && a.y < b.y + b.height - 1e-6 && b.y < a.y + a.height - 1e-6;

for (const [name, layout] of cases) {
  describe(name, () => {
    test("each position has one tile, in the order of reading, inside the wall, and none lies on another", () => {
      const tiles = all(layout);
      expect(tiles.map((tile) => tile.position)).toEqual(Array.from({ length: 38 }, (_, i) => i));
      for (const tile of tiles) {
        expect(tile.x).toBeGreaterThanOrEqual(GAP);
        expect(tile.x + tile.width).toBeLessThanOrEqual(500 - GAP + 1e-6);
        expect(tile.y + tile.height).toBeLessThanOrEqual(layout.height);
        expect(tile.width).toBeGreaterThan(0);
      }
      for (const a of tiles) for (const b of tiles) if (a !== b) expect(overlap(a, b)).toBe(false);
    });

    test("what lies at a point is what looking at every tile finds", () => {
      const tiles = all(layout);
      for (let x = 0.5; x < 500; x += 13) {
        for (let y = 0.5; y < layout.height + 30; y += 17) {
          const inside = tiles.find((t) => x >= t.x && x < t.x + t.width && y >= t.y && y < t.y + t.height);
          expect(layout.at(x, y)).toBe(inside?.position ?? null);
        }
      }
    });

    test("a rectangle touches what looking at every tile finds", () => {
      const tiles = all(layout);
      for (const box of [
        { x: 20, y: 50, width: 200, height: 170 },
        { x: 0, y: 0, width: 500, height: 5000 },
        { x: 260, y: 333, width: 1, height: 1 },
      ]) {
        const touched = tiles.filter(
          (t) => t.x < box.x + box.width && t.x + t.width > box.x && t.y < box.y + box.height && t.y + t.height > box.y,
        );
        expect(layout.touching(box)).toEqual(touched.map((tile) => tile.position));
      }
    });

    test("a stretch holds the rows that it touches", () => {
      for (const [top, bottom] of [
        [0, 100],
        [101, 102],
        [300, 555],
      ] as const) {
        const touched = all(layout).filter((t) => t.y < bottom && t.y + t.height > top);
        expect([...layout.within(top, bottom)]).toEqual(touched);
      }
    });

    test("a tile is found by its position", () => {
      for (const tile of all(layout)) expect(layout.tile(tile.position)).toEqual(tile);
    });
  });
}

describe("Layout", () => {
  test("a step down and up again in full rows comes back", () => {
    const layout = new Layout(50, [], WIDTH, SIDE);
    for (const position of [7, 12, 20]) expect(layout.below(layout.below(position, 3), -3)).toBe(position);
    expect(layout.below(3, -5)).toBe(3);
    expect(layout.below(48, 9)).toBe(48);
  });

  test("full rows fill the width with squares that are at least as large as asked for", () => {
    for (const side of [32, 90, 111, 400]) {
      const tiles = all(new Layout(100, [], WIDTH, side));
      expect(Math.max(...tiles.map((tile) => tile.x + tile.width))).toBeCloseTo(WIDTH - GAP, 6);
      for (const { width, height } of tiles) expect([width, width >= side]).toEqual([height, true]);
    }
  });

  test("a header stays at the top while its section is there, and is pushed out by the next", () => {
    const layout = new Layout(40, [{ title: "a", count: 20 }, { title: "b", count: 20 }], WIDTH, SIDE);
    const second = layout.headersWithin(0, layout.height)[1]?.y as number;
    expect(layout.headersWithin(0, 50)).toEqual([{ title: "a", y: GAP }]);
    expect(layout.headersWithin(100, 150)).toEqual([{ title: "a", y: 100 }]);
    const pushed = second - HEADER / 2;
    expect(layout.headersWithin(pushed, pushed + 50)).toEqual([
      { title: "a", y: second - HEADER },
      { title: "b", y: second },
    ]);
  });

  test("a million tiles are laid out and found", () => {
    const layout = new Layout(1_000_000, [], WIDTH, SIDE);
    const last = layout.tile(999_999);
    expect(layout.at(last.x + 1, last.y + 1)).toBe(999_999);
    expect(last.y + last.height).toBeLessThanOrEqual(layout.height);
  });
});
