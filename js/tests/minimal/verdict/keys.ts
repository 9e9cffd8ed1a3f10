import { type Common, type Does, type Help, type KeyMap, type KeyPress, meaningOf } from "../../../src/shared/keys";
import { STAGE_KEYS } from "../../../src/shared/stage/keys";
import type { ViewCommand } from "../../../src/shared/stage/viewer";

export type Command = Common | ViewCommand | Does<"none">;

export function commandOf(press: KeyPress): Command | Help | null {
  return meaningOf(press, { ...STAGE_KEYS, n: "none" } as const);
}

export const KEYS: KeyMap = [
  ["1 … 9, 0", "something of this class is wrong with the image"],
  ["N", "nothing is wrong with it, and on to the next"],
];
