"""Put corrected labels into the table that they are from."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ig_widgets.data.reviews.label_table import with_categories


def put_labels(
    df: pd.DataFrame, column: str, labels: "pd.Series[Any]", changed: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return a copy of a table in which the rows of changed labels have them.

    Parameters
    ----------
    df
        A table with the index of the labels; it may have more rows.
    column
        The column of labels.
    labels
        The labels.
    changed
        Which of them are new, shape (n,).

    Returns
    -------
    DataFrame
        The copy: nothing but the changed labels is another, and no row is added.

    Raises
    ------
    ValueError
        If there is no such column, the index does not fit, or the column cannot hold the labels.
    """
    if column not in df.columns:
        raise ValueError(f"there is no column {column!r}; there are {', '.join(map(str, df.columns))}")
    index = labels.index
    same = df.index.equals(index)
    if not same and not (index.is_unique and df.index.is_unique):
        raise ValueError(
            "the index of the labels or of the table names a row twice, so that labels cannot be put in "
            "by it: give the table that the labels are from, or one with an index without repeats"
        )
    missing = index.difference(df.index)
    if len(missing):
        raise ValueError(
            f"{len(missing)} of {len(index)} reviewed rows are not in the table, the first of them "
            f"{missing.tolist()[0]!r}: give a table with the index of the labels"
        )
    made = df.copy()
    values = made[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = with_categories(values, labels[changed].unique())
    rows = np.flatnonzero(changed) if same else df.index.get_indexer(index[changed])
    try:
        if len(rows):
            values.iloc[rows] = labels[changed].tolist()
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the column {column!r} is of the type {values.dtype}, which cannot hold the labels: "
            f"give the column that the labels are from ({error})"
        ) from error
    made[column] = values
    return made
