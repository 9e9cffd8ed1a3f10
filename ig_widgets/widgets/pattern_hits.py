"""The widget in which one box is looked for in all images."""

import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import BOX
from ig_widgets.data.errors import ImageError
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.log.sources import PATTERN_HITS
from ig_widgets.widgets.shared.jpegs import LARGEST_SIDE_PIXELS
from ig_widgets.widgets.shared.session import Note
from ig_widgets.widgets.stage.stage_widget import StageWidget
from ig_widgets.widgets.wall.thumbnails import Thumbnails

_SCRIPT = Path(__file__).parent / "static" / "pattern_hits.js"
_MARGIN = 0.15  # of a hit's longest side, shown around it
_CHUNK = 5_000  # hits in one message
_FEW = 100  # images: about more of them everything that was said is read
_FAINT = 0.3  # scores below are not drawn: nearly every place has them

Pixels = NDArray[np.uint8]


class PatternHits(StageWidget):
    """Draw one box, and see where else it occurs.

    The wall fills with the places that resemble the box while they are found, the best first. To accept one
    is to draw that box; to reject it is to say that nothing is in it. Both are statements in the log, on disk
    before the widget says "saved". Press ``?`` in the widget for its keys.

    Parameters
    ----------
    images
        Where to look.
    classes
        Names of what a box may be.
    order
        Positions in `images` in the order in which they are shown, without repeats; default: all of them.
    find
        Looks for a pattern, (h, w) or (h, w, 3) uint8, in all images: yields all hits so far, again and
        again, as `PatternMatcher.hits` does.
    heat_map
        Compares an image with a pattern at each place, (H, W) floats in [0, 1], as `score_map` does; None: no
        heat maps.
    log
        Where statements go; default: the file ``annotations.db`` in the working folder.
    annotator
        Who is looking.
    note
        A sentence to show above everything, such as why this is due; or a function that returns one and is
        called again, on a thread of its own, after each change.

    Attributes
    ----------
    hits : DataFrame
        What the last search has found so far, the best first: ``image, score, x, y, width, height``.
    annotations : DataFrame
        What this annotator has said here about these images, in force now.
    canvas : ipycanvas.MultiCanvas
        The picture (layer 0), and the heat map (layer 1).

    Raises
    ------
    ValueError
        If there are no images or no classes, or `order` is not a list of positions.
    """

    def __init__(
        self,
        images: ImageSet,
        classes: Sequence[str],
        order: Sequence[int] | NDArray[np.integer] | None = None,
        *,
        find: Callable[[Pixels], Iterator[pd.DataFrame]],
        heat_map: Callable[[Pixels, Pixels], NDArray[np.floating]] | None = None,
        log: AnnotationLog | None = None,
        annotator: str = "me",
        note: Note = "",
    ) -> None:
        thumbnails = Thumbnails(self._crop, self._broadcast)
        super().__init__(
            images,
            classes,
            order,
            script=_SCRIPT,
            source=PATTERN_HITS,
            operations={
                **thumbnails.operations,
                "look": self._look,
                "stop": self._stop,
                "hits": self._hits,
                "heat": self._heat,
            },
            log=log,
            annotator=annotator,
            note=note,
            on_close=[self._abandon, thumbnails.close],
        )
        self._find = find
        self._heat_map = heat_map
        self._lock = threading.RLock()
        self._number = 0  # of the search
        self._pattern: Pixels | None = None
        self._found: list[tuple[int, float, float, float, float, float]] = []
        self._first = 0  # the number of its first hit; those of earlier searches are never used again
        self._state: dict[str, Any] = {"search": 0, "first": 0, "done": True}
        self._positions = {image: position for position, image in enumerate(self._images.ids)}

    @property
    def hits(self) -> pd.DataFrame:
        """What the last search has found so far, the best first."""
        with self._lock:
            found = list(self._found)
        rows = [(self._images.ids[position], *rest) for position, *rest in found]
        table = pd.DataFrame(rows, columns=["image", "score", *BOX])
        return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)

    @property
    def annotations(self) -> pd.DataFrame:
        """What this annotator has said here about these images, in force now."""
        said = self._session.log.current(annotator=self._session.annotator, source=PATTERN_HITS)
        return said[said["image"].isin(self._ids)]

    def _facts(self) -> tuple[dict[str, Any], list[bytes]]:
        with self._lock:
            state = {**self._state, "count": len(self._found)}
        return {"heat": self._heat_map is not None, "state": state}, []

    def _abandon(self) -> None:
        """Let the search that is under way end without telling anybody."""
        with self._lock:
            self._number += 1

    def _look(self, *, position: int, box: Sequence[float]) -> tuple[dict[str, Any], list[bytes]]:
        """Look for a box of an image; what was looked for before is forgotten."""
        self._viewer.check(position)
        x, y, width, height = (int(side) for side in box)
        image = self._viewer.image(position)
        pattern = image[y : y + height, x : x + width].copy()
        if x < 0 or y < 0 or pattern.shape[:2] != (height, width) or min(width, height) < 2:
            raise ValueError(
                f"the box {list(box)} does not lie in the image, or is less than 2 pixels wide or high"
            )
        with self._lock:
            self._number += 1
            self._pattern = pattern
            self._first += len(self._found)
            self._found = []
            self._state = {"search": self._number, "first": self._first, "done": False}
            self._tell_state()  # before anything that the search tells
            number = self._number
        threading.Thread(
            target=self._run, args=(number, pattern), name="ig_widgets-hits", daemon=True
        ).start()
        return {}, []

    def _stop(self) -> tuple[dict[str, Any], list[bytes]]:
        """Stop searching; what was found stays."""
        with self._lock:
            if not self._state["done"]:
                self._number += 1
                self._state = {**self._state, "done": True, "stopped": True}
            return self._tell_state(), []

    def _run(self, number: int, pattern: Pixels) -> None:
        end: dict[str, Any] = {}
        try:
            known: set[tuple[Any, ...]] = set()
            for table in self._find(pattern):
                if not self._add(number, table, known):
                    return
        except Exception as error:  # noqa: BLE001  # nobody sees it on this thread, in the browser they do
            told = {"message": str(error) or type(error).__name__, "details": traceback.format_exc()}
            end = {"error": told}
        with self._lock:
            if number != self._number:
                return
            self._state = {**self._state, **end, "done": True}
            self._tell_state()

    def _add(self, number: int, table: pd.DataFrame, known: set[tuple[Any, ...]]) -> bool:
        """Take over what is new in a table; False when nobody waits for this search any more."""
        rows = []
        for image, score, *box in table[["image", "score", *BOX]].itertuples(index=False):
            if image in self._positions and (image, *box) not in known:
                known.add((image, *box))
                x, y, width, height = map(float, box)
                rows.append((self._positions[image], float(score), x, y, width, height))
        with self._lock:
            if number != self._number:
                return False
            self._found += rows
            self._tell_state()
        return True

    def _tell_state(self) -> dict[str, Any]:
        """Tell the browser how far the search is: under the lock, so that news come in their order."""
        state = {**self._state, "count": len(self._found)}
        self._broadcast({"news": {"searched": state}})
        return state

    def _hits(self, *, search: int, start: int) -> tuple[dict[str, Any], list[bytes]]:
        """Return the hits of a search from `start` on, in the order of finding."""
        with self._lock:
            if search != self._state["search"]:
                return {"search": self._state["search"], "images": []}, [b""] * 3
            part = self._found[start : start + _CHUNK]
        columns = [
            np.array([position for position, *_ in part], np.int32),
            np.array([row[1] for row in part], np.float32),
            np.array([row[2:] for row in part], np.float32).reshape(-1, 4),
        ]
        images = [self._images.ids[position] for position, *_ in part]
        told = {"search": search, "images": images, "said": self._said(set(images))}
        return told, [column.tobytes() for column in columns]

    def _heat(self, *, position: int, on: bool) -> tuple[dict[str, Any], list[bytes]]:
        """Draw how well the pattern fits everywhere in an image, or do not."""
        self._viewer.check(position)
        if not on or self._heat_map is None or self._pattern is None:
            self._viewer.cover(position, None)
            return {}, []
        scores = self._heat_map(self._viewer.image(position), self._pattern)
        self._viewer.cover(position, heat_png(scores))
        return {}, []

    def _answer(self, gesture: Mapping[str, Any], touched: Sequence[str]) -> dict[str, Any]:  # noqa: ARG002
        return {"said": self._said(set(touched))}

    def _told(self, position: int) -> dict[str, Any]:
        image = self._images.ids[position]
        return {"page": self._viewer.page(position), "said": self._said({image})}

    def _said(self, images: set[str]) -> dict[str, list[dict[str, Any]]]:
        """Return what is in force about boxes of some images, by image."""
        few = images if len(images) <= _FEW else None
        said = self._session.log.current(few, self._session.annotator, PATTERN_HITS)
        groups = {str(image): some for image, some in said.groupby("image")}
        return {image: _decided(groups[image]) if image in groups else [] for image in images}

    def _crop(self, item: int) -> Pixels:
        """Return what a hit looks like, with a little of what is around it."""
        with self._lock:
            if not 0 <= item - self._first < len(self._found):
                raise ImageError(f"hit {item}", "it belongs to a search that is over")
            position, _, x, y, width, height = self._found[item - self._first]
        image = self._images[position]
        margin = round(_MARGIN * max(width, height))
        top, left = max(0, int(y) - margin), max(0, int(x) - margin)
        return image[top : int(y + height) + margin, left : int(x + width) + margin]


def _decided(said: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what was said about boxes of one image, as the browser keeps it."""
    boxed = said[said["x"].notna() & said["present"].notna()]
    return [
        {
            "key": key,
            "label": str(row["label"]),
            "accepted": bool(row["present"]),
            **{name: float(row[name]) for name in BOX},
        }
        for key, row in boxed.iterrows()
    ]


def heat_png(scores: NDArray[np.floating]) -> bytes:
    """Encode scores in [0, 1] as a picture to lay over an image: the higher, the less transparent."""
    scores = np.asarray(scores, np.float32)
    largest = max(scores.shape)
    if largest > LARGEST_SIDE_PIXELS:  # no sharper than the picture below it
        reduction = LARGEST_SIDE_PIXELS / largest
        size = (max(1, round(scores.shape[1] * reduction)), max(1, round(scores.shape[0] * reduction)))
        scores = np.asarray(cv2.resize(scores, size, interpolation=cv2.INTER_AREA), np.float32)
    share = np.clip((scores - _FAINT) / (1 - _FAINT), 0, 1)
    levels = np.round(255 * share).astype(np.uint8)
    picture = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2BGRA)
    picture[..., 3] = np.round(220 * np.sqrt(share)).astype(np.uint8)
    _, png = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return png.tobytes()
