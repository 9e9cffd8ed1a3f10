// Colours of the classes: Okabe and Ito's palette, which colour-blind people can tell apart, without black.
const PALETTE = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#0072B2"];

export function colourOf(position: number): string {
  return PALETTE[position % PALETTE.length] as string;
}

/** The colour of a class by its name; a name that is not among the classes has the first one's. */
export function colourOfClass(classes: readonly string[], label: string): string {
  return colourOf(Math.max(classes.indexOf(label), 0));
}
