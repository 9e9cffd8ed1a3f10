// Colors of the classes: Okabe and Ito's palette, which color-blind people can tell apart, without black.
const PALETTE = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#0072B2"];

export function colorOf(position: number): string {
  return PALETTE[position % PALETTE.length] as string;
}

/** The color of a class by its name; a name that is not among the classes has the first one's. */
export function colorOfClass(classes: readonly string[], label: string): string {
  return colorOf(Math.max(classes.indexOf(label), 0));
}
