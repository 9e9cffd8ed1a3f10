"""Permutation importance of the patterns of a fitted labeler."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from ig_widgets.compute.labeling.labeler import WeakLabeler
from ig_widgets.compute.labeling.temperature import apply_temperature
from ig_widgets.compute.labeling.threshold import apply_threshold
from ig_widgets.compute.labeling.validation import validate_rows

_VALUES_AT_ONCE = 2**21  # 16 MB of doubles


def pattern_importances(
    labeler: WeakLabeler,
    X: ArrayLike,
    y: ArrayLike,
    *,
    repeats: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    """Return by how much the log loss grows when the similarities to a pattern are permuted among images.

    The images are those that the labeler learned from, and each is judged by the members that saw neither it
    nor a pattern cut from it.

    Parameters
    ----------
    labeler
        Fitted to `X` and `y`.
    X
        (n, n_features) the similarities that it was fitted to.
    y
        (n,) the classes that it was fitted to.
    repeats
        How many permutations are averaged in each fold, 1 or more.
    random_state
        Seed of the permutations.

    Returns
    -------
    ndarray of shape (n_features,)
        In nats per image, higher is more important; 0 where the labeler does not look at the pattern, and a
        bit below 0 where it does so in vain. Mean over the images of the folds in which the pattern was in
        use, NaN where there is none.

    Raises
    ------
    ValueError
        If `X` or `y` are not what the labeler was fitted to, or there is no repeat.

    Notes
    -----
    Permutation importance is Breiman 2001, "Random Forests", section 10. Log loss serves any number of
    classes, and unlike average precision it feels every change in a fold with two defects; it is taken after
    the threshold and the temperature. In each repeat all patterns are permuted by the same order, so that
    their differences are not those of the orders.

    Patterns that resemble each other, such as those augmented from one, stand in for each other: each alone
    seems to matter little.

    Examples
    --------
    >>> X = [[0.9, 0.5], [0.8, 0.4], [0.9, 0.4], [0.7, 0.5], [0.2, 0.5], [0.1, 0.4], [0.3, 0.4], [0.2, 0.5]]
    >>> y = [1, 1, 1, 1, 0, 0, 0, 0]
    >>> labeler = WeakLabeler(random_state=0).fit(X, y)
    >>> pattern_importances(labeler, X, y, random_state=0).argmax()
    np.int64(0)
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; give 1 or more")
    features = validate_rows(labeler, X)
    codes = _validate_codes(labeler, features, np.asarray(y))
    rng = np.random.default_rng(int(check_random_state(random_state).randint(2**31 - 1)))
    total, images = np.zeros(features.shape[1]), np.zeros(features.shape[1])
    for fit in labeler.fold_fits_:
        rows = features[np.ix_(fit.left_out, fit.columns)]  # (n_left_out, p)
        orders = np.array([rng.permutation(len(rows)) for _ in range(repeats)])
        if fit.members is None:
            continue
        own = codes[fit.left_out]
        before = _losses(labeler, fit.P, own).sum()
        step = max(1, _VALUES_AT_ONCE // rows.size)
        columns = np.flatnonzero(fit.columns)
        for start in range(0, len(columns), step):
            some = np.arange(start, min(start + step, len(columns)))
            for order in orders:
                mixed = np.tile(rows, (len(some), 1, 1))  # (columns, n_left_out, p)
                mixed[np.arange(len(some)), :, some] = rows[np.ix_(order, some)].T
                P = fit.members.probabilities(mixed.reshape(-1, rows.shape[1]))
                after = _losses(labeler, P, np.tile(own, len(some))).reshape(len(some), -1).sum(axis=1)
                total[columns[some]] += (after - before) / repeats
        images[columns] += len(rows)
    return np.divide(total, images, out=np.full_like(total, np.nan), where=images > 0)


def _losses(labeler: WeakLabeler, P: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the log loss of each image (n,)."""
    calibrated = apply_temperature(apply_threshold(P, labeler.threshold_), labeler.temperature_)
    own = calibrated[np.arange(len(codes)), codes]
    return -np.log(np.maximum(own, np.finfo(float).eps))


def _validate_codes(
    labeler: WeakLabeler, features: NDArray[np.float64], y: NDArray[np.generic]
) -> NDArray[np.int64]:
    """Return the position of each image's class, if this is what the labeler was fitted to."""
    if len(features) != len(labeler.oof_probabilities_) or y.shape != (len(features),):
        raise ValueError(
            f"X has {len(features)} rows and y has shape {y.shape}, but the labeler was fitted to "
            f"{len(labeler.oof_probabilities_)} images; give the same ones"
        )
    codes = np.minimum(np.searchsorted(labeler.classes_, y), len(labeler.classes_) - 1)
    if not np.array_equal(labeler.classes_[codes], y):
        raise ValueError("y has classes that the labeler was not fitted to; give the y that it was fitted to")
    for fit in labeler.fold_fits_:
        if fit.members is not None:
            P = fit.members.probabilities(features[np.ix_(fit.left_out, fit.columns)])
            if not np.allclose(P, fit.P, atol=1e-6):
                raise ValueError(
                    "X is not what the labeler was fitted to; give the same rows in the same order"
                )
    return codes.astype(np.int64)
