"""What people said about the images of a gadget, read from the log once."""

from collections.abc import Collection, Sequence
from functools import cached_property

import pandas as pd

from ig_widgets.compute.crowd.boxes import merge_boxes
from ig_widgets.compute.crowd.reviews import Rule, reviewed_boxes
from ig_widgets.data.annotations import without_denials
from ig_widgets.data.log.log import Snapshot
from ig_widgets.data.log.sources import PEER_REVIEW


class Said:
    """What was in force about some images at one moment.

    Parameters
    ----------
    snapshot
        What was in force in the log.
    images
        The ids of the images.
    defects
        The classes whose boxes matter.
    overlap
        How many people are to look at each image.
    rule, min_votes
        How votes on boxes are counted: see `reviewed_boxes`.

    Attributes
    ----------
    annotations : DataFrame
        What everybody has said about these images.
    verdicts, comments : DataFrame
        All of the log: those of galleries are about patterns.
    revision : int
        Of the log.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        images: Collection[str],
        *,
        defects: Sequence[str],
        overlap: int,
        rule: Rule,
        min_votes: int,
    ) -> None:
        self.annotations = snapshot.annotations[snapshot.annotations["image"].isin(images)]
        self.verdicts, self.comments, self.revision = snapshot[1:]
        self._images = images
        self._defects = defects
        self._overlap = overlap
        self.rule: Rule = rule
        self.min_votes = min_votes

    @cached_property
    def seen_by(self) -> "pd.Series[int]":
        """How many people have looked at each image, be it to skip it; images that nobody saw are missing."""
        return without_denials(self.annotations).groupby("image")["annotator"].nunique()

    @cached_property
    def reviewed(self) -> pd.DataFrame:
        """The boxes that everybody drew, merged, with the votes on them and ``seen_by`` of their images."""
        votes = self.verdicts[self.verdicts["source"] == PEER_REVIEW]
        boxes = reviewed_boxes(
            merge_boxes(self.annotations, overlap=self._overlap),
            votes[votes["image"].isin(self._images)],
            rule=self.rule,
            min_votes=self.min_votes,
        )
        boxes = boxes[boxes["label"].isin(self._defects)].reset_index(drop=True)
        return boxes.assign(seen_by=boxes["image"].map(self.seen_by).fillna(0).astype("int64"))

    @property
    def standing(self) -> pd.DataFrame:
        """The boxes that several people drew, or one alone, and those that reviewers accepted."""
        boxes = self.reviewed
        return boxes[boxes["accepted"].fillna(value=True) & (~boxes["outlier"] | boxes["accepted"].notna())]

    @cached_property
    def open(self) -> pd.DataFrame:
        """The boxes that only one of several people drew and that nobody has decided about."""
        return self.reviewed[self.reviewed["outlier"] & self.reviewed["accepted"].isna()]

    @property
    def waiting(self) -> pd.DataFrame:
        """Those of the open boxes whose images too few people have seen to tell what others would draw."""
        return self.open[self.open["seen_by"] < self._overlap]
