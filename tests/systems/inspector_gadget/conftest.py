import itertools

import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import Snapshot
from ig_widgets.systems.inspector_gadget.project import Project
from ig_widgets.systems.inspector_gadget.statements import Statements

NONE = {"label": "bar", "present": False}


def bar(x):
    return {"label": "bar", "present": True, "x": x, "y": 10, "width": 14, "height": 8}


class Talk:
    """What people said about 24 images, of which the even ones have a bar; nothing is written to a disk."""

    def __init__(self):
        self.said, self.votes, self.comments = [], [], []
        self._numbers = itertools.count(1)
        self._revision = 0

    def say(self, annotator, *positions, **said):
        """Say the truth about some images, or something else."""
        for position in positions:
            truth = bar(5 + position) if position % 2 == 0 else NONE
            self._add(self.said, annotator, f"{position:02}.png", said or truth, "BoxAnnotator")

    def vote(self, annotator, position, x, *, accept=True):
        self._add(
            self.votes,
            annotator,
            f"{position:02}.png",
            {**bar(x), "present": accept},
            "PeerReview",
            proposed=False,
        )

    def comment(self, annotator, position, x):
        box = {name: value for name, value in bar(x).items() if name != "present"}
        self._add(self.comments, annotator, f"{position:02}.png", box, "PeerReview", comment="a shadow?")

    def decide(self, annotator, position, x, *, keep, label=None):
        """Keep or drop, in a gallery, the pattern that was cut out."""
        verdict = {**bar(x), "present": keep, "label": label}
        self._add(self.votes, annotator, f"{position:02}.png#0", verdict, "PatternGallery", proposed=False)

    def about(self, project):
        return Statements(
            project,
            Snapshot(
                _frame(self.said),
                _frame(self.votes, proposed=bool),
                _frame(self.comments, comment="str"),
                self._revision,
            ),
        )

    def _add(self, rows, annotator, image, said, source, **more):
        self._revision += 1
        rows.append(
            {
                "image": image,
                "annotator": annotator,
                **said,
                "source": source,
                **more,
                "id": next(self._numbers),
            }
        )


def _frame(rows, **more):
    frame = annotations_frame([{k: v for k, v in row.items() if k not in (*more, "id")} for row in rows])
    frame.index = pd.Index([f"statement {row['id']}" for row in rows], dtype="str", name="statement")
    for name, kind in more.items():
        frame[name] = pd.Series([row[name] for row in rows], frame.index, dtype=kind)
    return frame


@pytest.fixture
def talk():
    return Talk()


@pytest.fixture(scope="session")
def blank_images():
    return ImageSet.from_arrays([np.zeros((50, 60), np.uint8)] * 24, ids=[f"{i:02}.png" for i in range(24)])


@pytest.fixture
def project(blank_images):
    def make(annotator="ada", **settings):
        return Project(images=blank_images, classes=["bar"], annotator=annotator, **{"target": 4, **settings})

    return make
