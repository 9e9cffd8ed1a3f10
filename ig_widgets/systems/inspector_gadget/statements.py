"""What people said about the images of a project, read from the log once."""

from functools import cached_property

import pandas as pd

from ig_widgets.compute.crowd.boxes import merge_boxes
from ig_widgets.compute.crowd.reviews import reviewed_boxes
from ig_widgets.data.annotations import without_denials
from ig_widgets.data.log.log import Snapshot
from ig_widgets.data.log.sources import PEER_REVIEW
from ig_widgets.systems.inspector_gadget.project import Project


class Statements:
    """The statements about a project's images that were in force at one moment.

    Parameters
    ----------
    project
        What is fixed.
    snapshot
        What was in force in the log.

    Attributes
    ----------
    annotations : DataFrame
        What everybody has said about these images.
    verdicts, comments : DataFrame
        All of the log: those of galleries are about patterns.
    revision : int
        Of the log.
    """

    def __init__(self, project: Project, snapshot: Snapshot) -> None:
        self.annotations = snapshot.annotations[snapshot.annotations["image"].isin(project.ids)]
        self.verdicts, self.comments, self.revision = snapshot[1:]
        self._project = project

    @cached_property
    def seen_by(self) -> "pd.Series[int]":
        """How many people have looked at each image, be it to skip it; images that nobody saw are missing."""
        return without_denials(self.annotations).groupby("image")["annotator"].nunique()

    @property
    def votes(self) -> pd.DataFrame:
        """The verdicts of peer reviews."""
        return self.verdicts[self.verdicts["source"] == PEER_REVIEW]

    @cached_property
    def reviewed_boxes(self) -> pd.DataFrame:
        """The boxes that everybody drew, merged, with the votes on them and ``seen_by`` of their images."""
        project, votes = self._project, self.votes
        boxes = reviewed_boxes(
            merge_boxes(self.annotations, overlap=project.n_views),
            votes[votes["image"].isin(project.ids)],
            rule=project.rule,
            min_votes=project.min_votes,
        )
        boxes = boxes[boxes["label"].isin(project.defects)].reset_index(drop=True)
        return boxes.assign(seen_by=boxes["image"].map(self.seen_by).fillna(0).astype("int64"))

    @property
    def accepted_boxes(self) -> pd.DataFrame:
        """The boxes that several people drew, or one alone, and those that reviewers accepted."""
        boxes = self.reviewed_boxes
        return boxes[boxes["accepted"].fillna(value=True) & (~boxes["outlier"] | boxes["accepted"].notna())]

    @cached_property
    def open_boxes(self) -> pd.DataFrame:
        """The boxes that only one of several people drew and that nobody has decided about."""
        return self.reviewed_boxes[self.reviewed_boxes["outlier"] & self.reviewed_boxes["accepted"].isna()]

    @property
    def waiting_boxes(self) -> pd.DataFrame:
        """Those of the open boxes whose images too few people have seen to tell what others would draw."""
        return self.open_boxes[self.open_boxes["seen_by"] < self._project.n_views]
