"""The widget in which people judge the boxes of others."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import PEER_REVIEW
from ig_widgets.widgets.shared.session import Note
from ig_widgets.widgets.stage.stage_widget import StageWidget

_SCRIPT = Path(__file__).parent / "static" / "peer_review.js"


class PeerReview(StageWidget):
    """Accept, reject or adjust boxes that other people drew, and talk about them.

    A box is shown with who drew it and how the votes stand. To adjust one is to reject it and to accept the
    adjusted one, on which others may vote in turn. Votes and comments are statements in the log, on disk
    before the widget says "saved". Press ``?`` in the widget for its keys.

    Parameters
    ----------
    images
        What the boxes were drawn on.
    classes
        Names of what can be drawn.
    order
        Positions in `images` in the order in which they are shown, without repeats; default: all of them.
    boxes
        Gives the boxes of an image by its id, and those of all images for None: a DataFrame with ``image,
        label, x, y, width, height, annotators, statements, outlier, votes_for, votes_against, accepted``, as
        `reviewed_boxes` returns it. It is asked again after each vote.
    rule_text
        How votes are counted, in words that reviewers read.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Who is reviewing.
    guidelines
        What reviewers should know, shown beside the image.
    blind
        Whether a reviewer does not see how others have voted, nor who drew a box.
    note
        A sentence to show above everything, such as why this is due; or a function that returns one and is
        called again, on a thread of its own, after each change.
    next_step
        What the widget tells people to run when every box was judged.

    Attributes
    ----------
    verdicts : DataFrame
        The verdicts of this reviewer on boxes of these images, in force now: ``present`` is True where a box
        was accepted.
    canvas : ipycanvas.MultiCanvas
        The picture (layer 0), and a layer for drawings of your own (layer 1) in pixels of the full-resolution
        image; it is cleared when another image is shown.

    Raises
    ------
    ValueError
        If there are no images or no classes, or `order` is not a list of positions.
    """

    def __init__(
        self,
        images: ImageSet,
        classes: Sequence[str],
        order: Sequence[int] | np.ndarray | None = None,
        *,
        boxes: Callable[[str | None], pd.DataFrame],
        rule_text: str = "the majority of the votes decides",
        log: AnnotationLog | None = None,
        annotator: str = "me",
        guidelines: str = "",
        blind: bool = False,
        note: Note = "",
        next_step: str = "review.verdicts",
    ) -> None:
        super().__init__(
            images,
            classes,
            order,
            script=_SCRIPT,
            source=PEER_REVIEW,
            log=log,
            annotator=annotator,
            note=note,
            next_step=next_step,
        )
        self._boxes = boxes
        self._rule_text = rule_text
        self._guidelines = guidelines
        self._blind = blind
        self._open_boxes = self._undecided()
        self._viewer.position = self._progress()["next"] or 0

    @property
    def verdicts(self) -> pd.DataFrame:
        """The verdicts of this reviewer on boxes of these images, in force now."""
        said = self._session.log.verdicts(annotator=self._session.annotator, source=PEER_REVIEW)
        return said[said["image"].isin(self._ids)]

    def _facts(self) -> tuple[dict[str, Any], list[bytes]]:
        return {"rule": self._rule_text, "guidelines": self._guidelines}, []

    def _done(self) -> str | None:
        if any(self._open_boxes.values()):
            return None
        present = self.verdicts["present"]
        judged = f"{int(present.sum())} accepted, {int((~present).sum())} rejected"
        return f"Every box of others in these {len(self._images)} images is judged: {judged}."

    def _told(self, position: int) -> dict[str, Any]:
        image = self._images.ids[position]
        with self._viewer.lock:
            boxes = self._boxes(image)
            drawn = self._session.log.current(image)
            mine = self._session.log.verdicts(image, self._session.annotator, PEER_REVIEW)
            remarks = self._session.log.comments(image)
            threads = _threads(remarks, boxes)
            proposals = [
                self._proposal(row, drawn, mine, remarks[threads == place])
                for place, (_, row) in enumerate(boxes.iterrows())
            ]
            self._open_boxes[image] = sum(one["mine"] is None and not one["yours"] for one in proposals)
            progress = self._progress()
        whole = drawn[drawn["x"].isna() & drawn["label"].notna()]
        page = {
            **self._viewer.page(position),
            "proposals": proposals,
            "remarks": self._remarks(remarks[threads < 0]),
            "whole": [
                {
                    "annotator": self._name(row["annotator"]),
                    "label": row["label"],
                    "present": bool(row["present"]),
                }
                for _, row in whole[whole["present"].notna()].iterrows()
            ],
        }
        return {"page": page, "progress": progress}

    def _proposal(
        self, row: "pd.Series[Any]", drawn: pd.DataFrame, mine: pd.DataFrame, remarks: pd.DataFrame
    ) -> dict[str, Any]:
        place = {"label": str(row["label"]), **{name: float(row[name]) for name in BOX}}
        own = mine[_about(mine, place)]
        members = drawn[drawn.index.isin(list(row["statements"]))]
        accepted = row["accepted"]
        return {
            **place,
            "outlier": bool(row["outlier"]),
            "yours": bool((members["annotator"] == self._session.annotator).any()),
            "annotators": "" if self._blind else str(row["annotators"]),
            "members": [
                {"annotator": self._name(member["annotator"]), **{name: float(member[name]) for name in BOX}}
                for _, member in members.iterrows()
            ],
            "mine": None if own.empty else {"key": own.index[-1], "accepted": bool(own["present"].iloc[-1])},
            "votes": None if self._blind else [int(row["votes_for"]), int(row["votes_against"])],
            "accepted": None if self._blind or pd.isna(accepted) else bool(accepted),
            "remarks": self._remarks(remarks),
        }

    def _remarks(self, said: pd.DataFrame) -> list[dict[str, str]]:
        return [
            {
                "key": str(key),
                "annotator": self._name(row["annotator"]),
                "text": str(row["comment"]),
                "at": row["at"].isoformat(),
            }
            for key, row in said.iterrows()
        ]

    def _name(self, annotator: str) -> str:
        return "somebody" if self._blind and annotator != self._session.annotator else str(annotator)

    def _undecided(self) -> dict[str, int]:
        """Count the boxes of others in each image that this reviewer has not voted on."""
        place = ["image", "label", *BOX]
        mine = self.verdicts[place].drop_duplicates()
        drew = set(self._session.log.current(annotator=self._session.annotator).index)
        boxes = self._boxes(None)
        boxes = boxes[[drew.isdisjoint(statements) for statements in boxes["statements"]]][place]
        boxes = boxes.merge(mine, how="left", on=place, indicator="known")
        left = boxes[(boxes["known"] == "left_only") & boxes["image"].isin(self._ids)]
        return {str(image): int(number) for image, number in left["image"].value_counts().items()}

    def _progress(self) -> dict[str, Any]:
        left = [i for i, image in enumerate(self._images.ids) if self._open_boxes.get(image)]
        return {
            "images": len(self._images),
            "done": len(self._images) - len(left),
            "boxes": sum(self._open_boxes.values()),
            "next": left[0] if left else None,
        }


def _about(said: pd.DataFrame, place: Mapping[str, Any]) -> "pd.Series[bool]":
    """Tell which rows are about exactly this box."""
    same: pd.Series[bool] = (said[["label", *BOX]] == pd.Series(place)).all(axis=1)
    return same


def _threads(remarks: pd.DataFrame, boxes: pd.DataFrame) -> NDArray[np.intp]:
    """Return which box each remark is about, -1 for the whole image.

    A box that moved since, because somebody else drew there, too, keeps its thread: a remark belongs to the
    box of its class that covers most of the place that it was about.
    """
    threads = np.full(len(remarks), -1)
    places = boxes[list(BOX)].to_numpy(dtype=np.float64)  # (n, 4)
    for i, (_, row) in enumerate(remarks.iterrows()):
        if pd.isna(row["x"]):
            continue
        x, y, width, height = (float(row[name]) for name in BOX)
        start = np.maximum(places[:, :2], [x, y])
        end = np.minimum(places[:, :2] + places[:, 2:], [x + width, y + height])
        common = np.clip(end - start, 0, None).prod(axis=1) * (boxes["label"] == row["label"]).to_numpy()
        common[_about(boxes, {"label": row["label"], **{name: row[name] for name in BOX}})] = np.inf
        if len(common) and common.max() > 0:
            threads[i] = int(common.argmax())
    return threads
