import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.reviews.relabeling import put_labels


def put(df, labels, *changed, column="label"):
    """Put labels into a table, of which those at some positions have changed."""
    return put_labels(df, column, labels, np.isin(np.arange(len(labels)), changed))


@pytest.mark.parametrize("kind", ["str", "object", "category", pd.CategoricalDtype(["y", "x"])])
def test_changed_labels_go_to_the_rows_of_their_index(kind):
    labels = pd.Series(["x", "y", "y"], index=[30, 10, 20], dtype=kind)
    df = pd.DataFrame({"label": pd.Series(["y", "y", "x", "x"], index=[10, 20, 30, 40], dtype=kind)})
    made = put(df, labels, 1, 0)
    assert made["label"].to_dict() == {10: "y", 20: "y", 30: "x", 40: "x"}
    changed = labels.copy()
    changed.iloc[2] = "x"
    made = put(df, changed, 2)
    assert made["label"].to_dict() == {10: "y", 20: "x", 30: "x", 40: "x"}
    assert made["label"].dtype == df["label"].dtype
    assert df["label"].tolist() == ["y", "y", "x", "x"]


def test_what_was_not_changed_stays_as_the_table_has_it():
    labels = pd.Series([1, 2, 3], index=[7, 8, 9])
    df = pd.DataFrame({"label": [10, 20, 30]}, index=[9, 8, 7])
    assert put(df, labels, 0)["label"].tolist() == [10, 20, 1]
    pd.testing.assert_frame_equal(put(df, labels), df)


def test_a_table_with_repeated_rows_takes_labels_only_if_it_is_the_one_reviewed():
    labels = pd.Series(["x", "z", "x"], index=[1, 1, 2], dtype="category")
    df = pd.DataFrame({"label": pd.Series(["x", "y", "x"], dtype="category")})
    df.index = labels.index
    assert put(df, labels, 1)["label"].tolist() == ["x", "z", "x"]
    with pytest.raises(ValueError, match="names a row twice"):
        put(df.iloc[:2], labels, 1)


def test_tables_that_do_not_fit_are_refused():
    labels = pd.Series([1, 2, 3], index=[40, 10, 30])
    df = pd.DataFrame({"kind": labels})
    with pytest.raises(ValueError, match="3 of 3 reviewed rows are not in the table, the first of them 10"):
        put(df.set_index(df.index.astype(str)), labels, 0, column="kind")
    with pytest.raises(ValueError, match="1 of 3 reviewed rows"):
        put(df.iloc[1:], labels, 0, column="kind")
    with pytest.raises(ValueError, match="there is no column 'label'; there are kind"):
        put(df, labels, 0)
    with pytest.raises(ValueError, match="cannot hold the labels"):
        put(df.astype(str), labels, 0, column="kind")
