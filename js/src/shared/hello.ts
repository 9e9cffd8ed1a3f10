// What every widget's kernel says at first, and again when it has changed.

/** What was done when nothing is left to do, and what to run then. */
export interface End {
  done: string;
  /** A line of code, or empty. */
  next: string;
}

export interface Facts {
  /** What is due and why, shown above everything; may be empty. */
  note: string;
  /** Null while something is left to do. */
  end: End | null;
}

export interface Hello extends Facts {
  /** Names the log: two logs never share it. */
  log: string;
  /** Where the log is, in words. */
  logName: string;
  annotator: string;
}
