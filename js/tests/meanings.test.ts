import { existsSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { expect } from "expect";
import * as boxAnnotator from "../src/box_annotator/keys";
import * as patternGallery from "../src/pattern_gallery/keys";
import * as patternHits from "../src/pattern_hits/keys";
import * as peerReview from "../src/peer_review/keys";
import type { KeyMap, KeyPress } from "../src/shared/keys";
import { MEANINGS, meaningsFor, pressOf } from "../src/shared/meanings";
import * as similarityReview from "../src/similarity_review/keys";

interface Keys {
  KEYS: KeyMap;
  commandOf(press: KeyPress, boxSelected: boolean): { do: string } | null;
}

const WIDGETS: Record<string, Keys> = {
  box_annotator: boxAnnotator,
  pattern_gallery: patternGallery,
  pattern_hits: patternHits,
  peer_review: peerReview,
  similarity_review: similarityReview,
};

test("no widget is left out", () => {
  const folders = readdirSync("src").filter((name) => existsSync(`src/${name}/index.ts`));
  expect(Object.keys(WIDGETS).sort()).toEqual(folders.sort());
});

for (const [name, { KEYS, commandOf }] of Object.entries(WIDGETS)) {
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

test("the help of a widget lists the meanings of the keys that it has, and of all gestures", () => {
  const listed = meaningsFor((press) => boxAnnotator.commandOf(press, false)).map(([gesture]) => gesture);
  expect(listed).toEqual(expect.arrayContaining(["click, tap", "drag", "Shift", "1 … 9, 0", "Delete", "N", "S", "U", "Z"]));
  expect(listed).not.toContain("Enter");
});
