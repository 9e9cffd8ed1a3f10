// The boxes of one image and what this reviewer says about them, at once in the browser. Every change gives the statements
// that tell the kernel.
import type { Box } from "../shared/box";
import { newKey } from "../shared/identity";
import { beside, snapped } from "../shared/stage/geometry";
import type { Page, Proposal, Remark, Statement } from "./protocol";

/** Where a box is, and what it is said to be. */
export type Place = Box & { label: string };

const SIDES = ["x", "y", "width", "height"] as const;

export class Ballot {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly remarks: Remark[];
  proposals: Proposal[];

  /** @param reviewer who is voting */
  constructor(
    page: Page,
    private readonly reviewer: string,
  ) {
    this.image = page.image;
    this.width = page.width;
    this.height = page.height;
    this.remarks = [...page.remarks];
    // known by their place: the kernel's answer must not give a box that is being moved another name
    this.proposals = page.proposals.map((one) => ({ ...one, key: nameOf(one), remarks: [...one.remarks] }));
  }

  find(key: string | null): Proposal | undefined {
    return this.proposals.find((one) => one.key === key);
  }

  /** The first box after this one that this reviewer has to judge. */
  undecidedAfter(key: string | null): Proposal | undefined {
    const start = this.proposals.findIndex((one) => one.key === key) + 1;
    return [...this.proposals.slice(start), ...this.proposals.slice(0, start)].find((one) => one.mine === null && !one.yours);
  }

  /** Vote on a box of others. */
  vote(key: string, accepted: boolean): Statement[] {
    const proposal = this.find(key);
    if (!proposal || proposal.yours || proposal.mine?.accepted === accepted) return [];
    return this.say([this.verdict(proposal, accepted, proposal.mine?.key)]);
  }

  /** Take a vote back. */
  unvote(key: string): Statement[] {
    const mine = this.find(key)?.mine;
    return mine ? this.say([{ key: newKey(), image: this.image, deletes: mine.key }]) : [];
  }

  /** Reject a box of others, and accept another one in its place. */
  adjust(key: string, change: Partial<Box> & { label?: string }): Statement[] {
    const proposal = this.find(key);
    if (!proposal || proposal.yours) return [];
    const wanted = { ...proposal, ...change };
    const after = { ...snapped(wanted, this.width, this.height), label: wanted.label };
    const before = snapped(proposal, this.width, this.height); // merged boxes do not end at whole pixels
    if (SIDES.every((side) => after[side] === before[side]) && after.label === proposal.label) return [];
    const said = proposal.mine?.accepted === false ? [] : [this.verdict(proposal, false, proposal.mine?.key)];
    return this.say([...said, { ...this.verdict(after, true), proposed: true }]);
  }

  /** Accept a box that nobody has drawn yet. */
  draw(box: Box, label: string): Statement[] {
    if (beside(box, this.width, this.height)) return [];
    const said = this.verdict({ ...snapped(box, this.width, this.height), label }, true);
    return this.say([{ ...said, proposed: true }]);
  }

  /** Remark something about a box of this image, or about all of it. */
  remark(about: Place | null, text: string): Statement[] {
    return this.say([{ key: newKey(), image: this.image, ...about, comment: text }]);
  }

  /** Do what statements say, e.g. those that the kernel has not acknowledged yet. */
  replay(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if (statement.deletes !== undefined) this.withdraw(statement.deletes);
      else if (statement.comment !== undefined) this.note(statement, statement.comment);
      else if (statement.verdict !== undefined) this.count(statement, statement.verdict);
    }
  }

  private say(statements: Statement[]): Statement[] {
    this.replay(statements);
    return statements;
  }

  private verdict(place: Place, verdict: boolean, replaces?: string): Statement {
    const said = { key: newKey(), image: this.image, ...placeOf(place), verdict };
    return replaces === undefined ? said : { ...said, replaces };
  }

  private withdraw(key: string): void {
    const proposal = this.proposals.find((one) => one.mine?.key === key);
    if (!proposal?.mine) return;
    this.tally(proposal, proposal.mine.accepted, -1);
    proposal.mine = null;
  }

  private note(statement: Statement, text: string): void {
    const about = statement.x === undefined ? this : this.same(statement);
    if (about?.remarks.some(({ key }) => key === statement.key)) return; // the kernel knows it already
    about?.remarks.push({ key: statement.key, annotator: this.reviewer, text, at: new Date().toISOString() });
  }

  private count(statement: Statement, accepted: boolean): void {
    const proposal = this.same(statement) ?? this.add(statement);
    if (proposal.mine?.key === statement.key) return; // the kernel knows it already
    if (proposal.mine) this.tally(proposal, proposal.mine.accepted, -1);
    proposal.mine = { key: statement.key, accepted };
    this.tally(proposal, accepted, 1);
  }

  private tally(proposal: Proposal, accepted: boolean, by: number): void {
    if (!proposal.votes) return;
    const [votesFor, votesAgainst] = proposal.votes;
    proposal.votes = accepted ? [votesFor + by, votesAgainst] : [votesFor, votesAgainst + by];
  }

  private same(statement: Statement): Proposal | undefined {
    return this.proposals.find(
      (one) => one.label === statement.label && SIDES.every((side) => one[side] === statement[side]),
    );
  }

  private add(statement: Statement): Proposal {
    const { label, x = 0, y = 0, width = 0, height = 0 } = statement;
    const place: Place = { label: label ?? "", x, y, width, height };
    const made: Proposal = {
      ...{ ...place, key: nameOf(place), outlier: true, yours: false, annotators: this.reviewer, members: [] },
      ...{ mine: null, votes: [0, 0], accepted: null, remarks: [] },
    };
    this.proposals.push(made);
    return made;
  }
}

export function placeOf({ label, x, y, width, height }: Place): Place {
  return { label, x, y, width, height };
}

function nameOf(place: Place): string {
  return JSON.stringify(placeOf(place));
}
