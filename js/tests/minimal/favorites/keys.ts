import { type Common, type Does, type KeyMap, type KeyPress, meaningOf } from "../../../src/shared/keys";

export type Command = Common | Does<"like">;

export const commandOf = (press: KeyPress) => meaningOf(press, { l: "like" } as const);

export const KEYS: KeyMap = [["L", "like the selected images"]];
