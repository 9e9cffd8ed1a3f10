import { describe, test } from "node:test";
import { expect } from "expect";
import { Ballot, placeOf } from "../src/peer_review/ballot";
import type { Page, Proposal } from "../src/peer_review/protocol";

const proposal = (change: Partial<Proposal> = {}): Proposal => ({
  ...{ key: "", label: "crack", x: 10.5, y: 10, width: 20.25, height: 10 },
  ...{ outlier: true, yours: false, annotators: "ann", members: [], mine: null, votes: [1, 0], accepted: null, remarks: [] },
  ...change,
});

const page = (...proposals: Proposal[]): Page => ({
  ...{ position: 0, image: "a.png", width: 100, height: 50, reduction: 1, problem: null },
  ...{ proposals, remarks: [], whole: [] },
});

const two = () => new Ballot(page(proposal(), proposal({ x: 60 })), "cy");
const [ONE, TWO] = two().proposals.map(({ key }) => key) as [string, string];

describe("Ballot", () => {
  test("a vote is about the box exactly as it was shown", () => {
    const [said] = two().vote(ONE, true);
    expect(said).toMatchObject({ image: "a.png", label: "crack", x: 10.5, y: 10, width: 20.25, height: 10, verdict: true });
    expect(said).not.toHaveProperty("replaces");
  });

  test("to change one's mind replaces the vote, to say it again says nothing", () => {
    const ballot = two();
    const [first] = ballot.vote(ONE, true);
    const [second] = ballot.vote(ONE, false);
    expect(second).toMatchObject({ verdict: false, replaces: first?.key });
    expect(ballot.find(ONE)?.votes).toEqual([1, 1]);
    expect(ballot.vote(ONE, false)).toEqual([]);
    expect(ballot.unvote(ONE)).toMatchObject([{ deletes: second?.key }]);
    expect(ballot.find(ONE)).toMatchObject({ mine: null, votes: [1, 0] });
  });

  test("to adjust is to reject the old box and to accept the new one", () => {
    const ballot = two();
    ballot.vote(ONE, true);
    const said = ballot.adjust(ONE, { x: 15.2 });
    expect(said.map(({ verdict, proposed, x }) => [verdict, proposed, x])).toEqual([
      [false, undefined, 10.5],
      [true, true, 15],
    ]);
    expect(ballot.find(ONE)?.mine?.accepted).toBe(false);
    expect(ballot.proposals.at(-1)).toMatchObject({ x: 15, mine: { accepted: true }, votes: [1, 0] });
  });

  test("an adjustment that changes nothing says nothing, another class does", () => {
    const ballot = two();
    expect(ballot.adjust(ONE, { x: 10.7 })).toEqual([]);
    expect(ballot.adjust(ONE, { label: "stain" }).at(-1)).toMatchObject({ label: "stain", verdict: true });
  });

  test("what waits for the kernel is shown again after a reload, once", () => {
    const ballot = two();
    const said = [...ballot.vote(ONE, false), ...ballot.draw({ x: 5, y: 5, width: 9, height: 9 }, "stain")];
    const again = two();
    again.replay(said);
    again.replay(said);
    expect(again.proposals).toEqual(ballot.proposals);
  });

  test("the next box to judge comes after this one, and then from the beginning", () => {
    const ballot = two();
    expect(ballot.undecidedAfter(TWO)?.key).toBe(ONE);
    ballot.vote(ONE, true);
    expect(ballot.undecidedAfter(ONE)?.key).toBe(TWO);
    ballot.vote(TWO, true);
    expect(ballot.undecidedAfter(ONE)).toBeUndefined();
  });

  test("comments are about the box, or about the image", () => {
    const ballot = two();
    expect(ballot.remark(placeOf(ballot.find(TWO) as Proposal), "a hair?")).toMatchObject([{ x: 60, label: "crack", comment: "a hair?" }]);
    expect(ballot.remark(null, "blurred")[0]).not.toHaveProperty("x");
    expect(ballot.find(TWO)?.remarks.map(({ text }) => text)).toEqual(["a hair?"]);
    expect(ballot.remarks.map(({ annotator, text }) => `${annotator}: ${text}`)).toEqual(["cy: blurred"]);
  });

  test("in a blind review nothing is counted", () => {
    const ballot = new Ballot(page(proposal({ votes: null })), "cy");
    ballot.vote(ONE, true);
    expect(ballot.find(ONE)?.votes).toBeNull();
  });

  test("nobody votes on what they drew themselves", () => {
    const ballot = new Ballot(page(proposal({ yours: true })), "ann");
    expect(ballot.vote(ONE, true)).toEqual([]);
    expect(ballot.adjust(ONE, { x: 15 })).toEqual([]); // nor on a copy of it
    expect(ballot.undecidedAfter(null)).toBeUndefined();
  });

  test("a box that was drawn here keeps its name when the kernel tells of it", () => {
    const ballot = two();
    ballot.draw({ x: 5, y: 5, width: 9, height: 9 }, "stain");
    const { key, ...told } = ballot.proposals.at(-1) as Proposal;
    expect(new Ballot(page({ ...told, key: "the kernel's" }), "cy").proposals[0]?.key).toBe(key);
  });
});
