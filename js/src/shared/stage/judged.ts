// How a box looks that people judge.

/** @param accepted undefined while it is not judged */
export function judged(accepted: boolean | undefined): { kind: string; sign: string } {
  if (accepted === undefined) return { kind: "undecided", sign: "" };
  return accepted ? { kind: "accepted", sign: "✓ " } : { kind: "rejected", sign: "✕ " };
}
