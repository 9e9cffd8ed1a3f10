// Buttons that leave the keyboard where it belongs.
import { type Attributes, element } from "./element";

/**
 * A button that runs something; after a click by mouse the keys go on, since Space would press the button again.
 *
 * @param toKeys gives the keyboard back to what its keys are about
 * @param run is called with how many clicks there were shortly after each other, 0 for a key
 */
export function button(
  attributes: Attributes,
  toKeys: () => void,
  run: (clicks: number) => void,
  ...children: (Node | string)[]
): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, ...children);
  made.addEventListener("click", ({ detail }) => {
    if (detail > 0) toKeys();
    run(detail);
  });
  return made;
}
