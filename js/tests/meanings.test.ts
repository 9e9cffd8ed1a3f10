import { existsSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { expect } from "expect";
import { commandOf } from "../src/box_annotator/keys";
import type { KeyMap, KeyPress } from "../src/shared/keys";
import { MEANINGS, meaningsFor, pressOf } from "../src/shared/meanings";

interface Keys {
  KEYS: KeyMap;
  commandOf(press: KeyPress, boxSelected: boolean): { do: string } | null;
}

const FOLDERS = readdirSync("src").filter((name) => existsSync(`src/${name}/index.ts`));
const WIDGETS = new Map<string, Keys>();
for (const name of FOLDERS) WIDGETS.set(name, (await import(`../src/${name}/keys.ts`)) as Keys);

test("all widgets are held to the table", () => {
  expect(WIDGETS.size).toBeGreaterThanOrEqual(5);
});

for (const [name, { KEYS, commandOf }] of WIDGETS) {
  describe(name, () => {
    for (const { gesture, key, commands } of MEANINGS) {
      if (key === undefined) continue;
      test(`${gesture} means what it means everywhere, or nothing`, () => {
        for (const boxSelected of [false, true]) {
          const command = commandOf(pressOf(key), boxSelected);
          if (command !== null) expect(commands).toContain(command.do);
        }
      });
    }

    test("digits choose a class", () => {
      expect(commandOf({ ...pressOf("2"), code: "Digit2" }, false)).toEqual({ do: "class", position: 1 });
      expect(KEYS.some(([keys]) => keys.startsWith("1 … 9"))).toBe(true);
    });

    test("what click and drag do here is in the help", () => {
      for (const gesture of ["click", "drag"]) expect(KEYS.some(([keys]) => keys.includes(gesture))).toBe(true);
    });
  });
}

test("the help of the box annotator lists the meanings of the keys that it has, and of all gestures", () => {
  const listed = meaningsFor((press) => commandOf(press, false)).map(([gesture]) => gesture);
  expect(listed).toEqual(expect.arrayContaining(["click, tap", "drag", "Shift", "1 … 9, 0", "Delete", "N", "S", "U", "Z"]));
  expect(listed).not.toContain("Enter");
});
