import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { expect } from "expect";

const widgets = readdirSync("src").filter((name) => name !== "shared");

const selectorsOf = (file: string): string[] => {
  const rules = readFileSync(file, "utf8").replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/@keyframes ig-[^]*?\n\}/g, "");
  const selectors = [...rules.matchAll(/^\s*([^@\s{}][^{};]*)\{/gm)].map(([, selector]) => selector as string);
  expect(selectors.length).toBeGreaterThan(0);
  const inside = /\([^()]*\)/g; // of :is(), and of :not() in it
  return selectors.flatMap((list) => list.replaceAll(inside, "").replaceAll(inside, "").split(",")).map((one) => one.trim());
};

for (const file of ["base.css", "stage/stage.css", "wall/wall.css", "wall/details.css"]) {
  test(`no rule of ${file} reaches the rest of the page`, () => {
    for (const selector of selectorsOf(`src/shared/${file}`)) expect(selector).toMatch(/^\.ig-/);
  });
}

for (const widget of widgets) {
  test(`no rule of ${widget} reaches another widget of the page`, () => {
    const own = new RegExp(`^\\.ig-${widget.replace("_", "-")}\\b`);
    for (const selector of selectorsOf(`src/${widget}/style.css`)) expect(selector).toMatch(own);
  });
}
