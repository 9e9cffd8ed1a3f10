from collections import Counter

import cv2
import numpy as np
import pandas as pd
import pytest

from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.data.reviews.errors_left import errors_left
from ig_widgets.data.reviews.label_table import label_text
from ig_widgets.reports.label_review import review_report
from ig_widgets.widgets.similarity_review import SimilarityReview

IDS = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png"]


@pytest.fixture
def log(tmp_path):
    with AnnotationLog(tmp_path / "annotations.db") as opened:
        yield opened


@pytest.fixture
def images():
    return gray(IDS)


@pytest.fixture
def labels():
    return pd.Series(["x", "x", "y", "y", "z", None], index=[7, 5, 3, 1, 9, 11], dtype=object)


@pytest.fixture
def act(ask):
    """Do something to images as the browser does, each gesture by a name of its own."""
    count = iter(range(1_000_000))

    def gesture(review, items=(), kind="say", **said):
        hello = ask(review, "hello")[0]["ok"]
        about = {"rows": hello["rows"], "count": hello["count"]}
        told = {"kind": kind, "action": f"g{next(count)}", "items": list(items), **about, **said}
        return ask(review, "act", gesture=told)[0]["ok"]

    return gesture


def gray(ids):
    return ImageSet.from_arrays([np.full((8, 12), 9 * i % 256, np.uint8) for i in range(len(ids))], ids=ids)


def give(act, review, items, label):
    act(review, items, says="label", label=label)


def mark(act, review, items):
    act(review, items, says="wrong")


def rows(report):
    changes = report.tables["Changes"].astype(object)
    columns = changes[["image", "given", "now", "annotator", "note"]]
    return columns.where(columns.notna(), None).to_numpy().tolist()


def texts(figure):
    (ax,) = figure.axes
    return [text.get_text() for text in ax.texts]


def shown_grays(figure):
    """The gray value of each picture, in the order of places."""
    (ax,) = figure.axes
    return [int(image.get_array()[0, 0, 0]) for image in ax.images]


def change_counts(figure):
    """The counts of a heat map by both labels."""
    (ax,) = figure.axes
    given, now = (
        [label.get_text() for label in side] for side in (ax.get_yticklabels(), ax.get_xticklabels())
    )
    counts = np.asarray(ax.images[0].get_array())
    return {(given[row], now[column]): int(counts[row, column]) for row, column in np.argwhere(counts)}


PICTURES = "Changed images"
COUNTS = "Number of changes by label"
FOUND = "Wrong labels found"


def test_every_change_is_told_with_who_said_it_and_who_does_not_agree(images, labels, log, act):
    ada = SimilarityReview(images, labels, log=log, annotator="ada")
    bo = SimilarityReview(images, labels, log=log, annotator="bo")
    give(act, ada, [0, 1], "y")
    mark(act, ada, [2, 3])
    give(act, bo, [0], "y")  # the same
    give(act, bo, [1], "z")  # another one
    give(act, bo, [2], "y")  # right as it was
    give(act, bo, [3], "x")  # wrong, as ada says
    give(act, bo, [5], "z")  # there was none
    report = review_report(images, labels, log)
    unknown = "the correct label is unknown"
    assert rows(report) == [
        ["b.png", "x", "y", "ada", "bo says z"],
        ["c.png", "y", None, "ada", f"{unknown}; bo says y"],
        ["b.png", "x", "z", "bo", "ada says y"],
        ["a.png", "x", "y", "ada", ""],
        ["d.png", "y", None, "ada", unknown],
        ["a.png", "x", "y", "bo", ""],
        ["d.png", "y", "x", "bo", ""],
        ["f.png", None, "z", "bo", ""],
    ]
    assert str(report.tables["Changes"]["at"].dtype) == "datetime64[us, UTC]"
    facts = report.facts
    assert facts["images with contradictory decisions"] == 2
    assert facts["labels marked as wrong"] == 4
    assert facts["labels replaced"] == 3
    assert facts["unlabeled images given a label"] == 1
    assert facts["labels confirmed"] == 1
    people = report.tables["Annotators"].set_index("annotator")
    columns = ["looked at", "wrong", "replaced", "right", "contradicted"]
    assert people.loc["ada", columns].tolist() == [4, 4, 2, 0, 2]
    assert people.loc["bo", columns].tolist() == [5, 3, 3, 1, 2]


def test_what_was_undone_or_taken_back_is_not_told(images, labels, log, act):
    review = SimilarityReview(images, labels, log=log)
    give(act, review, [0], "y")
    give(act, review, [1], "z")
    act(review, kind="undo")
    give(act, review, [0], "z")  # another opinion
    mark(act, review, [2])
    act(review, [2], says="nothing")
    report = review_report(images, labels, log)
    assert rows(report) == [["a.png", "x", "z", "me", ""]]
    assert report.facts["looked at"] == 3
    assert report.facts["labels marked as wrong"] == 1


def test_nothing_reviewed_is_said(images, labels, log):
    log.append([{"image": "a.png", "label": "x", "present": True}], annotator="ada", source="BoxAnnotator")
    report = review_report(images, labels, log)
    assert report.facts == {
        "images": 6,
        "with a label": 5,
        "looked at": "none yet: these labels have not been reviewed",
    }
    assert (report.figures, report.tables) == ({}, {})
    assert "these labels have not been reviewed" in report._repr_html_()


def test_looks_without_any_error_have_an_estimate_and_no_table_of_changes(images, labels, log, act):
    act(SimilarityReview(images, labels, log=log), [0, 1, 5], kind="look")
    report = review_report(images, labels, log)
    assert list(report.tables) == ["Annotators"]
    assert list(report.figures) == [FOUND]
    expected = errors_left([False, False], 3)
    left = report.facts["wrong labels left, if the others are like those looked at"]
    assert left == f"{expected.expected:.1f} of 3 (95 %: 0 to {expected.high:.1f})"
    assert report._repr_html_()


def test_a_review_of_other_images_or_labels_is_told_apart(images, labels, log, act):
    mark(act, SimilarityReview(images, labels, log=log), [0, 1])
    others = gray(["p", "q"])
    report = review_report(others, ["x", "y"], log)
    assert report.facts["ignored: decisions about other images"] == 2
    assert not report.tables
    corrected = labels.copy()
    corrected.iloc[0] = "y"
    report = review_report(images, corrected, log)
    assert report.facts["ignored: decisions about other labels of these images"] == 1
    assert rows(report) == [["b.png", "x", None, "me", "the correct label is unknown"]]
    corrected.iloc[1] = "y"
    assert "these labels have not been reviewed" in review_report(images, corrected, log)._repr_html_()


def slow_count(log, given):
    """What each annotator last said about each image, out of plain statements."""
    said = {}
    looked = {}
    for one in log.annotations.itertuples():
        label = None if pd.isna(one.label) else one.label
        looked.setdefault(one.annotator, {}).setdefault(one.image)
        if one.source == "SimilarityReview":
            said[one.image, one.annotator] = label if one.present else None
    changes = {key: now for key, now in said.items() if now != given[key[0]]}
    return said, changes, looked


def cannot_both_be_right(given, now, theirs):
    if now is not None and theirs is not None:
        return now != theirs
    return (now is None) != (theirs is None) and given in {now, theirs}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["int", "float with missing ones", "category"])
def test_the_numbers_are_those_of_the_statements(seed, kind, log, act):
    rng = np.random.default_rng(seed)
    n = 60
    images = gray([f"{i}.png" for i in range(n)])
    labels = pd.Series(rng.integers(0, 4, n))
    if kind == "float with missing ones":
        labels = labels.astype(float).mask(rng.random(n) < 0.2)
    elif kind == "category":
        labels = labels.map(dict(enumerate("dabc"))).astype(pd.CategoricalDtype(list("dabc")))
    given = {
        id_: None if pd.isna(value) else label_text(value)
        for id_, value in zip(images.ids, labels, strict=True)
    }
    reviews = [SimilarityReview(images, labels, log=log, annotator=name) for name in ("ada", "bo")]
    names = sorted({text for text in given.values() if text is not None})
    for _ in range(60):
        review, items = rng.choice(reviews), rng.choice(n, rng.integers(1, 4), replace=False).tolist()
        match rng.choice(["label", "label", "wrong", "look", "nothing", "undo"]):
            case "label":
                give(act, review, items, str(rng.choice(names)))
            case "undo":
                act(review, kind="undo")
            case "look":
                act(review, items, kind="look")
            case says:
                act(review, items, says=str(says))

    said, changes, looked = slow_count(log, given)
    report = review_report(images, labels, log)
    told = {(image, by): now for image, _, now, by, _ in rows(report)}
    assert told == changes
    assert len(rows(report)) == len(changes)
    clashes = {
        image
        for (image, _), now in said.items()
        for (other, _), theirs in said.items()
        if image == other and cannot_both_be_right(given[image], now, theirs)
    }
    facts = report.facts
    assert facts["images with contradictory decisions"] == len(clashes)
    assert facts["looked at"] == len(set().union(*looked.values()))
    wrong = {image for image, _ in changes if given[image] is not None}
    assert facts["labels marked as wrong"] == len(wrong)
    replaced = {image for (image, _), now in changes.items() if now is not None}
    assert facts["labels replaced"] == len(replaced & {i for i in given if given[i] is not None})
    kinds = Counter(
        (given[image], now) for (image, now) in {(image, now) for (image, _), now in changes.items()}
    )
    assert change_counts(report.figures[COUNTS]) == {
        (given or "(no label)", now or "(wrong)"): count for (given, now), count in kinds.items()
    }
    table = report.tables["Kinds of change"]
    assert table["images"].tolist() == sorted(kinds.values(), reverse=True)

    steps = {
        name: [0, *np.cumsum([(image, name) in changes for image in seen if given[image] is not None])]
        for name, seen in looked.items()
    }
    (ax,) = report.figures[FOUND].axes
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert dict(zip(names, [line.get_ydata().tolist() for line in ax.lines], strict=True)) == steps
    everybody = dict.fromkeys(log.annotations["image"])
    order = [image in wrong for image in everybody if given[image] is not None]
    left = sum(text is not None for text in given.values()) - len(order)
    (estimate,) = (value for name, value in facts.items() if name.startswith("wrong labels left"))
    assert estimate.startswith(f"{errors_left(order, left).expected:.1f} of {left} ")


def test_the_estimate_of_one_annotator_is_the_widgets(log, act, ask):
    images = gray([f"{i}.png" for i in range(50)])
    review = SimilarityReview(images, [i % 3 for i in range(50)], log=log)
    act(review, range(20), kind="look")
    mark(act, review, [3, 25])
    expected, low, high = ask(review, "columns", start=0)[0]["ok"]["left"]
    report = review_report(images, [i % 3 for i in range(50)], log)
    told = f"{expected:.1f} of 29 (95 %: {low:.1f} to {high:.1f})"
    assert report.tables["Annotators"]["wrong labels left"].tolist() == [told]
    assert told in report.facts.values()


def test_pictures_of_a_kind_are_together_the_most_common_first(log, act):
    images = gray([f"{i}.png" for i in range(10)])
    labels = ["x", "y"] * 5
    ada = SimilarityReview(images, labels, log=log, annotator="ada")
    bo = SimilarityReview(images, labels, log=log, annotator="bo")
    mark(act, ada, [1])
    give(act, ada, [0, 4, 8], "y")
    give(act, bo, [0], "y")
    give(act, bo, [4], "x")
    figure = review_report(images, labels, log).figures[PICTURES]
    assert shown_grays(figure) == [36, 0, 72, 9]  # what people disagree about is the first of its kind
    assert texts(figure) == [
        *("4.png", "ada, not bo", "0.png", "ada, bo", "8.png", "ada", "1.png", "ada"),
        *("1.  x → y", "2.  y → (wrong)", ""),
    ]


@pytest.mark.parametrize("name", ["שלום", "a long name of a class"])
def test_labels_that_do_not_fit_side_by_side_are_above_each_other(name, log):
    images = gray(["a"])
    statement = {"image": "a", "label": name, "present": True}
    log.append([statement], annotator="ada", source="SimilarityReview")
    figure = review_report(images, ["x"], log).figures[PICTURES]
    now = "→ שלום" if name == "שלום" else "→ a long …f a class"
    assert texts(figure) == ["a", "ada", now, "1.  x", ""]


def test_an_image_that_cannot_be_read_is_left_out_and_named(tmp_path, log, act):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.full((300, 500, 3), 77, np.uint8))
    images = ImageSet.from_folder(tmp_path)
    mark(act, SimilarityReview(images, ["x", "x"], log=log), [0, 1])
    (tmp_path / "a.png").unlink()
    report = review_report(images, ["x", "x"], log)
    figure = report.figures[PICTURES]
    assert shown_grays(figure) == [77]
    assert texts(figure)[-1] == "1 of 2 are shown. 1 cannot be read: a.png"
    assert len(rows(report)) == 2
    (tmp_path / "b.png").unlink()
    assert shown_grays(review_report(images, ["x", "x"], log).figures[PICTURES]) == []


def test_many_changes_are_shown_in_part(log, act):
    n = 700
    images = gray(list(map(str, range(n))))
    labels = np.arange(n) // 100
    review = SimilarityReview(images, labels, classes=range(200), log=log)
    mark(act, review, range(n))
    for i in range(100, 200):
        give(act, review, [i], str(i))
    report = review_report(images, labels, log)
    figure = report.figures[PICTURES]
    assert len(shown_grays(figure)) == 96
    assert texts(figure)[-1] == "96 of 700 are shown."
    assert max(figure.get_size_inches()) < 30
    assert len(report.tables["Changes"]) == n
    assert sum(change_counts(report.figures[COUNTS]).values()) + 100 - 19 == n
    assert "81 more changes are not shown" in report.figures[COUNTS].axes[0].get_title()
    assert report._repr_html_().count("<tr>") < 1000


def test_a_label_that_only_people_gave_is_told(images, labels, log, act):
    review = SimilarityReview(images, labels, classes=["x", "y", "z", "new"], log=log)
    give(act, review, [0], "new")
    for classes in (None, ["z", "y", "x"], ["new", "x", "y", "z"]):
        report = review_report(images, labels, log, classes=classes)
        assert rows(report) == [["a.png", "x", "new", "me", ""]]


HOSTILE = [
    "<script>alert(1)</script>",
    "$^$ \\frac",
    "\u202egnp",
    "שלום",
    "\U0001f600\u732b",
    "_a",
    "x" * 10_000,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_text(name, log, act, tmp_path):
    images = gray([name, "other"])
    for annotator in (name, name + "2"):
        review = SimilarityReview(images, ["ok", name], log=log, annotator=annotator)
        give(act, review, [0], name)
        give(act, review, [1], "ok" if annotator == name else name)
    report = review_report(images, ["ok", name], log)
    assert rows(report)[0] == ["other", name, "ok", name, f"{name}2 says {name}"]
    page = report.save(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == 3
    assert "<script" not in page
    assert len(page) < 500_000
