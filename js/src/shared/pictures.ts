// Pictures that came in messages, as sources of img elements.
import { jpeg } from "./jpeg";

export class Pictures {
  private sources: string[] = [];

  load(picture: DataView): string {
    const source = URL.createObjectURL(jpeg(picture));
    this.sources.push(source);
    return source;
  }

  /** Give back the pictures that were loaded. */
  forget(): void {
    this.sources.splice(0).forEach((source) => URL.revokeObjectURL(source));
  }
}
