"""Synthetic images of metal strips, modeled on the Product data set of the Inspector Gadget paper."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal, overload

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.annotations import annotations_frame
from ig_widgets.data.images import ImageSet
from ig_widgets.data.io.csv_table import write_csv

Kind = Literal["scratch", "bubble", "stamping"]
Box = tuple[int, int, int, int]
Floats = NDArray[np.float32]
Patch = tuple[int, int, Floats]  # x, y of the top left corner and the gray levels to add there

# table of normal deviates for sensor noise: looking one up per random byte is twenty times faster than
# drawing it, and the gray levels are rounded afterwards anyway
_DEVIATES: Floats = np.array([NormalDist().inv_cdf((k + 0.5) / 256) for k in range(256)], dtype=np.float32)

_FAINTEST = 1.5  # gray levels; weaker parts of a defect are cut off, so that every pixel of it really changes

_SURFACE, _DEFECTS, _RANKS = range(3)  # the random streams of one strip or one block of strips


def render_strip(
    kind: Kind, index: int, *, defective: bool, random_state: int = 0
) -> tuple[NDArray[np.uint8], list[Box]]:
    """Render one strip, with or without its defects.

    Parameters
    ----------
    kind
        "scratch", "bubble" or "stamping".
    index
        Number of the strip, from 0.
    defective
        Whether to draw the defects. The surface below is the same in both cases.
    random_state
        Seed, a non-negative integer.

    Returns
    -------
    image : ndarray of shape (height, width), uint8
        The strip. With and without defects, it differs inside the boxes only.
    boxes : list of (x, y, width, height)
        The bounding box in pixels of the pixels that each defect changes; boxes do not overlap.

    Raises
    ------
    ValueError
        If `kind` is unknown, or `index` or `random_state` is negative.
    """
    product = _find_product(kind)
    _check_not_negative("index", index)
    _check_not_negative("random_state", random_state)
    strip = _draw_surface(product, _create_generator(random_state, kind, index, _SURFACE))
    patches = _draw_defects(kind, index, random_state) if defective else []
    for patch in patches:
        _add(strip, patch)
    np.clip(strip, 0, 255, out=strip)
    return strip.astype(np.uint8), [(x, y, change.shape[1], change.shape[0]) for x, y, change in patches]


def strips(
    kind: Kind, n: int | None = None, *, defect_rate: float | None = None, random_state: int = 0
) -> tuple[ImageSet, pd.DataFrame]:
    """Generate images of metal strips with the true position of every defect.

    The images replace the Product data set of the Inspector Gadget paper [1]_, which is proprietary. Sizes
    and counts are those of its Table 1, and the defects follow its description (section 6.1): scratches vary
    in length and direction, bubbles are more uniform but small, stampings are small and appear in fixed
    positions. Brushed metal, uneven light, sensor noise, machining marks, dust and look-alikes of the defects
    differ between strips.

    Table 1 does not say which number is the width. We read "162 x 2702" as 162 high and 2702 wide, because
    the authors' sample of the data set listed as "500 x 1257" is 500 high and 1264 wide.

    Parameters
    ----------
    kind
        "scratch" (162 high, 2702 wide; 1673 strips, 727 defective), "bubble" (77, 1389; 1048, 102) or
        "stamping" (161, 5278; 1094, 148).
    n
        Number of strips. Default: that of Table 1. Strip `i` is the same for every `n`.
    defect_rate
        Fraction of defective strips in [0, 1]. Default: that of Table 1. The fraction is exact (to the
        nearest strip) in each block of as many strips as Table 1 has, and random in smaller numbers of them.
    random_state
        Seed, a non-negative integer. Strip `i` depends only on the kind, the seed and `i`.

    Returns
    -------
    images : ImageSet of (height, width) uint8
        The strips, rendered on each access. The ids are names such as "scratch-00012.png".
    truth : DataFrame of annotations
        By the annotator "truth": one row with a box per defect, and one row without a box and with `present`
        False per clean strip.

    Raises
    ------
    ValueError
        If `kind` is unknown, `defect_rate` is not in [0, 1], or `n` or `random_state` is negative.

    References
    ----------
    .. [1] Heo et al., "Inspector Gadget: A Data Programming-based Labeling System for Industrial Images",
       PVLDB 14(1), 2020, Table 1, Figure 5 and section 6.1.

    Examples
    --------
    >>> images, truth = strips("bubble", 40)
    >>> images[0].shape
    (77, 1389)
    >>> truth[truth["present"]][["image", "label", "width", "height"]].head(1)
                   image   label  width  height
    18  bubble-00018.png  bubble   13.0    13.0
    """
    product = _find_product(kind)
    n = product.n if n is None else n
    _check_not_negative("n", n)
    _check_not_negative("random_state", random_state)
    if defect_rate is not None and not 0 <= defect_rate <= 1:
        raise ValueError(f"defect_rate is {defect_rate}; give a fraction of all strips, from 0 to 1")
    per_block = product.n_defective if defect_rate is None else round(defect_rate * product.n)
    defective = _rank_strips(kind, n, random_state) < per_block
    names = [f"{kind}-{index:05d}.png" for index in range(n)]
    images = ImageSet.from_arrays(_Strips(kind, defective.tolist(), random_state), ids=names)
    return images, _tabulate_truth(kind, names, defective.tolist(), random_state)


def write_strips(
    folder: str | Path,
    kind: Kind,
    n: int | None = None,
    *,
    defect_rate: float | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Write synthetic strips as PNG files and their ground truth as ``truth.csv`` to a new folder.

    `ImageSet.from_folder` gives the images the ids that the truth uses.

    Parameters
    ----------
    folder
        The folder. It is created if it does not exist; otherwise it must be empty.
    kind, n, defect_rate, random_state
        As in `strips`.

    Returns
    -------
    DataFrame of annotations
        The truth, as returned by `strips` and written to the file.

    Raises
    ------
    FileExistsError
        If the folder is not empty: files are never overwritten.
    ValueError
        As in `strips`.
    """
    images, truth = strips(kind, n, defect_rate=defect_rate, random_state=random_state)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"folder '{folder}' is not empty; give a new or empty folder for the strips")
    for name, image in zip(images.ids, images, strict=True):
        (folder / name).write_bytes(cv2.imencode(".png", image)[1].tobytes())
    write_csv(truth, folder / "truth.csv")
    return truth


class _Strips(Sequence[NDArray[np.uint8]]):
    """A lazy sequence of strips, rendered on each access."""

    def __init__(self, kind: Kind, defective: Sequence[bool], random_state: int) -> None:
        self.kind = kind
        self.defective = defective
        self.random_state = random_state

    def __len__(self) -> int:
        return len(self.defective)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[np.uint8]]: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | Sequence[NDArray[np.uint8]]:
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        position = range(len(self))[index]
        return render_strip(
            self.kind, position, defective=self.defective[position], random_state=self.random_state
        )[0]


def _tabulate_truth(kind: Kind, names: list[str], defective: list[bool], random_state: int) -> pd.DataFrame:
    origin = {"annotator": "truth", "label": kind, "source": "synthetic"}
    rows: list[dict[str, Any]] = []
    for index, (name, has_defect) in enumerate(zip(names, defective, strict=True)):
        if not has_defect:
            rows.append({**origin, "image": name, "present": False})
            continue
        for x, y, change in _draw_defects(kind, index, random_state):
            height, width = change.shape
            rows.append(
                {**origin, "image": name, "present": True, "x": x, "y": y, "width": width, "height": height}
            )
    return annotations_frame(rows)


def _rank_strips(kind: Kind, n: int, random_state: int) -> NDArray[np.int64]:
    """Rank each strip randomly within its block of as many strips as Table 1 has.

    Thresholding the ranks gives the exact count of Table 1, and strip `i` is still the same for every `n`.
    """
    size = _find_product(kind).n
    blocks = [
        _create_generator(random_state, kind, block, _RANKS).permutation(size)
        for block in range(math.ceil(n / size))
    ]
    return np.concatenate([np.zeros(0, dtype=np.int64), *blocks])[:n]


def _draw_defects(kind: Kind, index: int, random_state: int) -> list[Patch]:
    """Draw the defects of a strip: at least one, without overlaps, each cropped to the pixels it changes."""
    product = _find_product(kind)
    rng = _create_generator(random_state, kind, index, _DEFECTS)
    patches: list[Patch] = []
    for x, y, change in product.defects(product, rng):
        change[np.abs(change) < _FAINTEST] = 0
        patch = _trim(x, y, change, product)
        if patch is not None and not any(_overlap(patch, other) for other in patches):
            patches.append(patch)
    return patches


def _trim(x: int, y: int, change: Floats, product: "_Product") -> Patch | None:
    left, top = max(0, -x), max(0, -y)
    change = change[top : product.height - y, left : product.width - x]
    rows, columns = np.flatnonzero(change.any(axis=1)), np.flatnonzero(change.any(axis=0))
    if not len(rows):
        return None
    change = change[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return x + left + int(columns[0]), y + top + int(rows[0]), change


def _overlap(a: Patch, b: Patch) -> bool:
    (ax, ay, a_change), (bx, by, b_change) = a, b
    beside = ax + a_change.shape[1] <= bx or bx + b_change.shape[1] <= ax
    return not (beside or ay + a_change.shape[0] <= by or by + b_change.shape[0] <= ay)


def _add(strip: Floats, patch: Patch) -> None:
    """Add a patch to a strip in place, clipped to the strip."""
    x, y, change = patch
    left, top = max(0, -x), max(0, -y)
    part = change[top : max(top, strip.shape[0] - y), left : max(left, strip.shape[1] - x)]
    strip[y + top : y + top + part.shape[0], x + left : x + left + part.shape[1]] += part


# --- the surface, and marks on it that are not defects ------------------------------------------------------


def _draw_surface(product: "_Product", rng: np.random.Generator) -> Floats:
    """Brushed metal under uneven light, seen by a noisy sensor: (height, width) gray levels."""
    size = product.height, product.width
    strip = _draw_smooth_field(rng, size, (3, product.width // 450 + 2), rng.uniform(5, 11))  # light
    strip += np.linspace(-1, 1, size[0], dtype=np.float32)[:, None] * np.float32(rng.normal(0, 8))
    strip += np.float32(rng.uniform(112, 148))
    strip += _draw_smooth_field(
        rng, size, (size[0], product.width // 120), rng.uniform(2, 4)
    )  # long brush strokes
    strip += _draw_smooth_field(rng, size, (size[0], product.width // 16), rng.uniform(2, 4.5))  # short ones
    strip += _draw_smooth_field(
        rng, size, (size[0] // 14, product.width // 45), rng.uniform(1, 4)
    )  # mottling
    chatter = rng.uniform(0, 2) * np.sin(np.arange(size[1]) * 2 * np.pi / rng.uniform(14, 45))
    strip += chatter.astype(np.float32)
    for _ in range(rng.poisson(size[1] / 250)):
        _add(strip, _draw_machining_mark(product, rng))
    for _ in range(rng.poisson(size[1] / 300)):
        _add(strip, _draw_dust(product, rng))
    for _ in range(rng.poisson(size[1] / 900)):
        _add(strip, _draw_stain(product, rng))
    for patch in product.look_alikes(product, rng):
        _add(strip, patch)
    strip += np.float32(rng.uniform(2, 4.5)) * _draw_deviates(rng, size)
    return strip


def _draw_smooth_field(
    rng: np.random.Generator, size: tuple[int, int], knots: tuple[int, int], amplitude: float
) -> Floats:
    """Random field of about `amplitude` gray levels, interpolated between `knots` (rows, columns)."""
    coarse = _draw_deviates(rng, knots) * np.float32(amplitude)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _draw_deviates(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    return _DEVIATES[rng.integers(0, 256, size, dtype=np.uint8)]


def _draw_machining_mark(product: "_Product", rng: np.random.Generator) -> Patch:
    """Long faint line along the brushing."""
    length, slope = np.exp(rng.uniform(np.log(50), np.log(600))), rng.normal(0, 0.006)
    start = rng.uniform((0, 0), (product.width, product.height))
    steps = np.linspace(0, length, 8)
    points = start + np.stack([steps, slope * steps], axis=1)
    return _draw_stroke(points, np.sin(np.linspace(0.3, 2.8, 8)), rng.uniform(-14, 14), thickness=1)


def _draw_dust(product: "_Product", rng: np.random.Generator) -> Patch:
    """Dark speck of a few pixels without a regular shape."""
    center = rng.uniform((0, 0), (product.width, product.height))
    points = center + np.cumsum(rng.normal(0, 1.1, (rng.integers(2, 5), 2)), axis=0)
    return _draw_stroke(
        points, np.ones(len(points)), rng.uniform(-45, -12), thickness=int(rng.integers(1, 3))
    )


def _draw_stain(product: "_Product", rng: np.random.Generator) -> Patch:
    """Wide soft patch, a little darker or brighter."""
    radii = rng.uniform((15, 8), (60, 25))
    x, y, across, down = _make_grid(rng.uniform((0, 0), (product.width, product.height)), 2 * radii)
    distance = (across / radii[0]) ** 2 + (down / radii[1]) ** 2
    return x, y, np.float32(rng.uniform(-10, 8)) * np.exp(-distance)


def _draw_fibers(product: "_Product", rng: np.random.Generator) -> list[Patch]:
    """Short curled threads of cloth: thin like a scratch, but dark and without a bright edge."""
    return [
        _draw_stroke(
            _draw_path(
                rng,
                rng.uniform((0, 0), (product.width, product.height)),
                rng.uniform(15, 60),
                rng.uniform(0, np.pi),
                bend=0.35,
            ),
            np.ones(12),
            rng.uniform(-30, -10),
            thickness=1,
        )
        for _ in range(rng.poisson(2))
    ]


def _draw_pits(product: "_Product", rng: np.random.Generator) -> list[Patch]:
    """Round dark spots of the size of a bubble, without its bright center."""
    patches = []
    for _ in range(rng.poisson(1.5)):
        radius = rng.uniform(2, 4)
        x, y, across, down = _make_grid(rng.uniform((0, 0), (product.width, product.height)), (8, 8))
        patches.append((x, y, np.float32(rng.uniform(-30, -8)) * np.exp(-(across**2 + down**2) / radius**2)))
    return patches


def _draw_dents(product: "_Product", rng: np.random.Generator) -> list[Patch]:
    """Bent marks of handling, anywhere on the strip."""
    return [
        _draw_stroke(
            _draw_path(
                rng,
                rng.uniform((0, 0), (product.width, product.height)),
                rng.uniform(12, 35),
                rng.uniform(0, np.pi),
                bend=0.25,
            ),
            np.ones(12),
            rng.uniform(-22, 22),
            thickness=int(rng.integers(1, 4)),
        )
        for _ in range(rng.poisson(3))
    ]


# --- the defects --------------------------------------------------------------------------------------------


def _draw_scratches(product: "_Product", rng: np.random.Generator) -> list[Patch]:
    """Thin lines of varied length and direction, mostly across the brushing: a bright edge and a shadow."""
    patches = []
    for _ in range(min(int(rng.geometric(0.55)), 5)):
        center = rng.uniform((0, 0), (product.width, product.height))
        length = np.exp(rng.uniform(np.log(25), np.log(220)))
        direction = rng.normal(1.1, 0.22) if rng.random() < 0.85 else rng.uniform(0, np.pi)
        points = _draw_path(rng, center, length, direction, bend=0.03)
        fading = np.clip(np.sin(np.linspace(0, np.pi, len(points))) * 3, 0.3, 1)
        patches.append(
            _draw_stroke(
                points,
                fading * rng.uniform(0.7, 1, len(points)),
                rng.uniform(32, 85),
                thickness=int(rng.choice([1, 2, 2, 3])),
                shadow=rng.uniform(0.4, 0.8),
            )
        )
    return patches


def _draw_bubbles(product: "_Product", rng: np.random.Generator) -> list[Patch]:
    """Small blisters: a dark rim around a bright center on the side of the light."""
    patches = []
    for _ in range(min(int(rng.geometric(0.55)), 5)):
        radius, contrast = rng.uniform(2.6, 4.6), rng.uniform(10, 26)
        center = rng.uniform((8, 8), (product.width - 8, product.height - 8))
        x, y, across, down = _make_grid(center, (10, 10))
        distance = np.hypot(across * rng.uniform(0.9, 1.1), down) / radius
        towards_light = np.hypot(across + 0.2 * radius, down + 0.25 * radius) / radius
        rim = np.exp(-(((distance - 1) / 0.35) ** 2))
        middle = np.exp(-((towards_light / 0.55) ** 2))
        patches.append((x, y, np.float32(contrast) * (middle - 0.8 * rim)))
    return patches


_STATIONS = (
    (0.18, 0.30),
    (0.44, 0.66),
    (0.71, 0.34),
    (0.90, 0.62),
)  # positions of the press, in fractions of the size


def _draw_stampings(product: "_Product", rng: np.random.Generator) -> list[Patch]:
    """Faint imprints of a worn die, an arc and a bar, at one or a few positions of the press."""
    patches = []
    for station in rng.permutation(len(_STATIONS))[: min(int(rng.geometric(0.6)), 3)]:
        center = np.array(_STATIONS[station]) * (product.width, product.height) + rng.normal(0, 2, 2)
        turn, scale = rng.normal(0, 0.06), rng.uniform(0.9, 1.12)
        angles = np.linspace(0.15 * np.pi, rng.uniform(0.9, 1.2) * np.pi, 12) + turn
        arc = center + 11 * scale * np.stack([np.cos(angles), 0.75 * np.sin(angles)], axis=1)
        middle = center - np.array([0, 3 * scale])
        half = 8 * scale * np.array([np.cos(turn), np.sin(turn)])
        contrast, shadow = rng.uniform(13, 32), rng.uniform(0.4, 0.8)
        wear = rng.uniform(0.5, 1, 12)
        bar = np.linspace(middle + half, middle - half, 12)
        patches.append(
            _draw_stroke(
                np.concatenate([arc, bar]),
                np.concatenate([wear, [0], wear[1:]]),  # no stroke from the arc to the bar
                contrast,
                thickness=2,
                shadow=shadow,
            )
        )
    return patches


# --- drawing ------------------------------------------------------------------------------------------------


def _draw_path(
    rng: np.random.Generator, center: NDArray[np.float64], length: float, direction: float, *, bend: float
) -> NDArray[np.float64]:
    """Twelve points of a line around `center` that turns by about `bend` radians at each point."""
    arc = rng.normal(0, 0.6 * bend) * np.arange(12)
    directions = direction + arc + np.cumsum(rng.normal(0, bend, 12))
    steps = np.stack([np.cos(directions), np.sin(directions)], axis=1) * length / 11
    points: NDArray[np.float64] = np.cumsum(steps, axis=0)
    points += center - points.mean(axis=0)
    return points


def _draw_stroke(
    points: NDArray[np.float64],
    strengths: NDArray[np.float64],
    contrast: float,
    *,
    thickness: int,
    shadow: float = 0.0,
) -> Patch:
    """Soft line through points (k, 2) with a relative strength (k,) in [0, 1] at each point.

    A shadow is the same line, one line width lower and with the opposite sign.
    """
    margin = thickness + 3
    x, y = (int(v) for v in np.floor(points.min(axis=0)) - margin)
    width, height = (int(v) for v in np.ceil(points.max(axis=0)) + margin - (x, y) + 1)
    ink = np.zeros((height, width), dtype=np.uint8)
    places = np.round((points - (x, y)) * 16).astype(int).tolist()  # sixteenths of a pixel
    for start, end, strength in zip(places, places[1:], strengths[1:], strict=False):
        cv2.line(ink, start, end, float(255 * strength), thickness, cv2.LINE_AA, 4)
    line = cv2.GaussianBlur(ink, (3, 3), 0.6).astype(np.float32) / np.float32(255)
    line[thickness:] -= np.float32(shadow) * line[:-thickness].copy()
    return x, y, line * np.float32(contrast)


def _make_grid(center: NDArray[np.float64], reach: Any) -> tuple[int, int, Floats, Floats]:
    """Top left corner of a patch around a point, and the offsets of its pixels from the point."""
    x, y = (int(v) for v in np.floor(center - reach))
    columns = np.arange(x, math.ceil(center[0] + reach[0]) + 1, dtype=np.float32) - np.float32(center[0])
    rows = np.arange(y, math.ceil(center[1] + reach[1]) + 1, dtype=np.float32) - np.float32(center[1])
    return x, y, columns[None, :], rows[:, None]


# --- Table 1 ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Product:
    """Size and counts of one Product data set, its defects and their look-alikes."""

    height: int
    width: int
    n: int
    n_defective: int
    defects: Callable[["_Product", np.random.Generator], list[Patch]]
    look_alikes: Callable[["_Product", np.random.Generator], list[Patch]]


_PRODUCTS = {
    "scratch": _Product(162, 2702, 1673, 727, _draw_scratches, _draw_fibers),
    "bubble": _Product(77, 1389, 1048, 102, _draw_bubbles, _draw_pits),
    "stamping": _Product(161, 5278, 1094, 148, _draw_stampings, _draw_dents),
}


def _find_product(kind: str) -> _Product:
    if kind not in _PRODUCTS:
        raise ValueError(f"kind is {kind!r}; give one of {', '.join(_PRODUCTS)}")
    return _PRODUCTS[kind]


def _create_generator(random_state: int, kind: str, index: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([random_state, list(_PRODUCTS).index(kind), index, stream])


def _check_not_negative(name: str, value: int) -> None:
    if value < 0:
        raise ValueError(f"{name} is {value}; give a non-negative integer")
