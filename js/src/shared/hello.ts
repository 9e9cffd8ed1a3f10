// What every widget's kernel says at first.

export interface Hello {
  /** Names the log: two logs never share it. */
  log: string;
  /** Where the log is, in words. */
  logName: string;
  annotator: string;
  /** Why this is due, shown above everything; may be empty. */
  note: string;
}
