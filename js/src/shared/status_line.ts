// The line below every widget that says what the last key, click or answer did, to those who see it and those who hear it.
import { element } from "./element";

export class StatusLine {
  readonly root = element("p", { class: "ig-status", role: "status", "aria-live": "polite" });

  /** Say a sentence in place of the one before. It is a new element each time: only then is it bright, and read, again. */
  tell(sentence: string): void {
    this.root.replaceChildren(element("span", {}, sentence));
  }
}
