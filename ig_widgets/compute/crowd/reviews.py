"""Outcome of a peer review: the boxes accepted by the votes of the reviewers."""

from typing import Literal, get_args

import numpy as np
import pandas as pd

from ig_widgets.compute.crowd.boxes import SEPARATOR
from ig_widgets.data.annotations import BOX

Rule = Literal["majority", "unanimous"]

_PLACE = ["image", "label", *BOX]


def reviewed_boxes(
    merged: pd.DataFrame, verdicts: pd.DataFrame, *, rule: Rule = "majority", min_votes: int = 1
) -> pd.DataFrame:
    """Count the votes on merged boxes, and add the boxes that reviewers drew themselves.

    A vote is about a box exactly as it was shown: when annotators change theirs, the merged box is another
    one and is voted on again. Nobody's vote on a box that they drew themselves counts. A reviewer who adjusts
    a box votes against it and proposes another one, for which this is the first vote.

    Parameters
    ----------
    merged
        As `merge_boxes` returns it.
    verdicts
        As `AnnotationLog.verdicts` returns them: ``image, annotator, label, present`` (True for, False
        against), ``x, y, width, height`` of the box, and ``proposed``.
    rule
        "majority": accepted with more votes for it than against, rejected with more against. "unanimous":
        accepted when all votes are for it, rejected as soon as one is against.
    min_votes
        With fewer votes nothing is decided.

    Returns
    -------
    DataFrame
        The columns of `merged` with ``votes_for``, ``votes_against`` and ``accepted``, nullable boolean,
        missing where nothing is decided; rows of boxes that reviewers proposed have ``n_boxes`` 0, the
        reviewers as ``annotators``, no ``statements``, and are outliers.

    Raises
    ------
    ValueError
        If the rule is unknown or ``min_votes`` is less than 1.

    Notes
    -----
    Heo et al., "Inspector Gadget" (2020), section 3, lets other workers review the boxes that do not overlap
    any other; it does not say how their verdicts are counted.
    """
    if rule not in get_args(Rule):
        raise ValueError(f"rule is {rule!r}; choose one of {', '.join(get_args(Rule))}")
    if min_votes < 1:
        raise ValueError(f"min_votes is {min_votes}; give 1 or more")
    votes = verdicts[verdicts[list(BOX)].notna().all(axis=1) & verdicts["present"].notna()]
    # who has voted twice means the last one
    votes = votes.drop_duplicates([*_PLACE, "annotator"], keep="last")
    votes = votes.assign(present=votes["present"].astype(bool))
    everything = _with_proposals(merged, votes)
    # who proposes a box is the first to vote for it: nobody's own vote on it is left out
    drawers = everything["annotators"].where(everything["n_boxes"] > 0, "")
    drew_it = everything[_PLACE].assign(drawers=drawers).drop_duplicates(_PLACE)  # somebody drew one twice
    votes = votes.merge(drew_it, how="left", on=_PLACE)
    drew = [
        name in str(names).split(SEPARATOR)
        for name, names in zip(votes["annotator"], votes["drawers"], strict=True)
    ]
    votes = votes[~np.array(drew, dtype=bool)]
    counted = (
        votes.assign(votes_for=votes["present"], votes_against=~votes["present"])
        .groupby(_PLACE, dropna=False)[["votes_for", "votes_against"]]
        .sum()
        .reset_index()
    )
    result = everything.merge(counted, how="left", on=_PLACE)
    for name in ("votes_for", "votes_against"):
        result[name] = result[name].fillna(0).astype("int64")
    return result.assign(accepted=_decide(result["votes_for"], result["votes_against"], rule, min_votes))


def _with_proposals(merged: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """Return the boxes, followed by those that reviewers proposed."""
    proposed = votes[votes["proposed"].astype(bool) & votes["present"]]
    proposers = proposed.groupby(_PLACE, dropna=False)["annotator"].agg(
        lambda names: SEPARATOR.join(sorted(names))
    )
    places = proposers.rename("annotators").reset_index()
    places = places.merge(merged[_PLACE], how="left", on=_PLACE, indicator="known")
    own = places[places["known"] == "left_only"].drop(columns="known")
    if own.empty:
        return merged
    nobody = pd.Series([()] * len(own), own.index, dtype="object")
    own = own.assign(n_boxes=0, statements=nobody, outlier=True)
    return pd.concat([merged, own], ignore_index=True)


def _decide(
    votes_for: "pd.Series[int]", votes_against: "pd.Series[int]", rule: Rule, min_votes: int
) -> "pd.Series[bool]":
    if rule == "majority":
        accepted, rejected = votes_for > votes_against, votes_for < votes_against
    else:
        accepted, rejected = (votes_against == 0) & (votes_for > 0), votes_against > 0
    decided = pd.Series(pd.NA, votes_for.index, dtype="boolean")
    enough = votes_for + votes_against >= min_votes
    return decided.mask(accepted & enough, other=True).mask(rejected & enough, other=False)
