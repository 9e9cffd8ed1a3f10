import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, test } from "node:test";
import { expect } from "expect";

const files = (readdirSync("src", { recursive: true }) as string[]).filter((name) => name.endsWith(".ts"));

/** The files that a file imports, those included of which it has only types. */
function imports(file: string): string[] {
  const text = readFileSync(join("src", file), "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\..*?)";$/gms)].map(([, path]) =>
    normalize(join(dirname(file), `${path}.ts`)),
  );
}

/** A way from a file along imports back to itself, or null. */
function circle(of: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): string[] | null => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of of.get(file) ?? []) {
      const found = walk(next, [...way, file]);
      if (found) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of of.keys()) {
    const found = walk(file, []);
    if (found) return found;
  }
  return null;
}

describe("imports", () => {
  test("a circle is found, a diamond is none", () => {
    const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));
    expect(circle(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }))).toBe(null);
    expect(circle(graph({ a: ["b"], b: ["c"], c: ["b"] }))).toEqual(["b", "c", "b"]);
  });

  test("go round in no circle, types included", () => {
    const graph = new Map(files.map((file) => [file, imports(file)]));
    for (const [file, others] of graph) for (const other of others) expect([file, graph.has(other)]).toEqual([file, true]);
    expect([...graph.values()].flat().length).toBeGreaterThan(files.length); // they were read
    expect(circle(graph)).toBe(null);
  });
});
