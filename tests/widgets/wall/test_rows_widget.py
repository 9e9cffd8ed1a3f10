import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ig_widgets.data.log.log import AnnotationLog
from ig_widgets.widgets.wall import rows_widget
from ig_widgets.widgets.wall.rows_widget import Column, RowsWidget

NAMES = ["a", "b", "c", "d", "e"]
LABELS = ["none", "x", "y"]


class Table:
    """Names with a label each, as the log says."""

    def __init__(self, names):
        self._names = list(names)
        self.sizes = np.arange(len(names), dtype=np.float32)
        self.labels = np.zeros(len(names), np.uint8)

    def __len__(self):
        return len(self._names)

    def names(self):
        return frozenset(self._names)

    def rows(self, names):
        return sorted({self._names.index(name) for name in names if name in self._names})

    def digest(self, count):
        return hashlib.sha256("\n".join(self._names[:count]).encode()).hexdigest()

    def extend(self, name):
        self._names.append(name)
        self.sizes = np.append(self.sizes, np.float32(0))
        self.labels = np.append(self.labels, np.uint8(0))


class Labels(RowsWidget):
    """The least that a wall of rows can be: a gesture gives some rows a label."""

    _esm = "export default {}"

    def __init__(self, names, *, log, annotator="me", note=""):
        columns = [Column("sizes", np.float32), Column("labels", np.uint8, editable=True)]
        super().__init__(
            Table(names),
            columns,
            lambda _: np.zeros((2, 2), np.uint8),
            source="Labels",
            log=log,
            annotator=annotator,
            note=note,
        )
        self._recall(range(len(names)))

    def _statements(self, rows, gesture):
        keys = self._in_force()
        said = {}
        for row in rows:
            name = self._table._names[row]
            again = {"replaces": keys[name]} if name in keys else {}
            about = {"image": name, "label": gesture["label"], "present": True}
            said[row] = {**about, **again, "key": f"{gesture['action']}-{row}"}
        return said

    def _recall(self, rows):
        said = self._session.log.current(annotator=self._session.annotator, source="Labels")
        known = dict(zip(said["image"], said["label"], strict=True))
        for row in rows:
            self._table.labels[row] = LABELS.index(known.get(self._table._names[row], "none"))

    def _in_force(self):
        said = self._session.log.current(annotator=self._session.annotator, source="Labels")
        return dict(zip(said["image"], said.index, strict=True))


def about(widget, ask):
    hello = ask(widget, "hello")[0]["ok"]
    return {"rows": hello["rows"], "count": hello["count"]}


def label(widget, ask, items, text, action):
    gesture = {"kind": "label", "label": text, "items": items, "action": action, **about(widget, ask)}
    return ask(widget, "act", gesture=gesture)[0]["ok"]


def take_back(widget, ask, kind, action):
    gesture = {"kind": kind, "action": action, **about(widget, ask)}
    return ask(widget, "act", gesture=gesture)[0]["ok"]


class Browser:
    """The browser's copy of the labels, which it reads again where it was told too little."""

    def __init__(self, widget, ask):
        self._widget, self._ask = widget, ask
        self._heard = len(widget.comm.sent)
        self.read()

    def read(self):
        self.labels = {}
        while len(self.labels) < len(NAMES):
            start = len(self.labels)
            told, (_, part) = self._ask(self._widget, "columns", start=start)
            self.revision = told["ok"]["revision"]
            self.labels |= dict(enumerate(np.frombuffer(part, np.uint8).tolist(), start))

    def listen(self):
        news, self._heard = self._widget.comm.sent[self._heard :], len(self._widget.comm.sent)
        for _, data, buffers in news:
            changed = data.get("content", {}).get("news", {}).get("changed")
            if changed is None or changed["revision"] <= self.revision:
                continue
            if changed["revision"] != self.revision + 1 or "all" in changed:
                self.read()
                continue
            self.revision = changed["revision"]
            rows, labels = np.frombuffer(buffers[0], np.int32), np.frombuffer(buffers[1], np.uint8)
            self.labels |= dict(zip(rows.tolist(), labels.tolist(), strict=True))


ITEMS = st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("label"), ITEMS, st.sampled_from(LABELS[1:])),
        st.tuples(st.sampled_from(["undo", "redo", "restart", "again"])),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, chunk=st.sampled_from([2, 50_000]))
def test_kernel_and_browser_know_what_an_obvious_editor_knows(
    steps, chunk, ask, tmp_path_factory, monkeypatch
):
    monkeypatch.setattr(rows_widget, "CHUNK", chunk)
    with AnnotationLog(tmp_path_factory.mktemp("log") / "a.db") as log:
        widget = Labels(NAMES, log=log)
        browser = Browser(widget, ask)
        past, future, last = [dict.fromkeys(range(5), 0)], [], None
        for number, (kind, *how) in enumerate(steps):
            action = f"g{number}"
            if kind == "label":
                items, text = how
                last = (items, text, action)
                assert label(widget, ask, *last) == {"touched": len(items)}
                past, future = [*past, past[-1] | dict.fromkeys(items, LABELS.index(text))], []
            elif kind == "again" and last is not None:
                label(widget, ask, *last)  # its answer was lost: nothing changes
            elif kind in {"undo", "redo"}:
                source, target = (past[1:], future) if kind == "undo" else (future, past)
                touched = take_back(widget, ask, kind, action)["touched"]
                assert (touched > 0) == bool(source)
                if source:
                    target.append((past if kind == "undo" else future).pop())
            elif kind == "restart":
                widget = Labels(NAMES, log=log)
                browser = Browser(widget, ask)
            browser.listen()
            assert dict(enumerate(widget._table.labels.tolist())) == past[-1]
            assert browser.labels == past[-1]


@pytest.fixture
def widget(log):
    return Labels(NAMES, log=log, annotator="ada", note="because")


def test_the_first_answer_tells_who_why_and_what_is_there(widget, ask):
    answer, (sizes, labels, jpeg) = ask(widget, "hello")
    hello = answer["ok"]
    assert hello["sheet"]["items"] == [0, 1, 2, 3, 4]
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED).shape == (2, 10)
    assert (hello["annotator"], hello["note"], hello["count"], hello["revision"]) == ("ada", "because", 5, 0)
    assert np.frombuffer(sizes, np.float32).tolist() == [0, 1, 2, 3, 4]
    assert np.frombuffer(labels, np.uint8).tolist() == [0] * 5


def test_many_rows_are_no_part_of_the_first_answer_and_come_in_chunks(log, ask, monkeypatch):
    monkeypatch.setattr(rows_widget, "_FEW", 4)
    monkeypatch.setattr(rows_widget, "CHUNK", 2)
    widget = Labels(NAMES, log=log)
    answer, buffers = ask(widget, "hello")
    assert (answer["ok"]["sheet"], list(buffers)) == (None, [])
    parts = [ask(widget, "columns", start=start)[1][0] for start in (0, 2, 4)]
    assert np.frombuffer(b"".join(parts), np.float32).tolist() == [0, 1, 2, 3, 4]


def test_a_gesture_about_other_rows_is_left_for_their_widget(widget, log, ask):
    gesture = {"kind": "label", "label": "x", "items": [0], "action": "g"}
    for other in ({"rows": "another"}, {"count": 2}, {"count": 6}):
        told = {**gesture, **about(widget, ask), **other}
        assert ask(widget, "act", gesture=told)[0]["ok"] == {"elsewhere": True}
    assert log.annotations.empty


def test_what_was_said_of_the_first_rows_holds_when_there_are_more(widget, ask):
    first = about(widget, ask)
    widget._table.extend("f")
    widget._tell_growth()
    _, data, _ = widget.comm.sent[-1]
    assert data["content"]["news"]["grown"] == about(widget, ask)
    gesture = {"kind": "label", "label": "x", "items": [1], "action": "g", **first}
    assert ask(widget, "act", gesture=gesture)[0]["ok"] == {"touched": 1}
    assert widget._table.labels.tolist() == [0, 1, 0, 0, 0, 0]


def test_only_ones_own_statements_are_undone(widget, log, ask):
    bo = Labels(NAMES, log=log, annotator="bo")
    label(bo, ask, [0], "x", "g1")
    assert take_back(widget, ask, "undo", "g2") == {"touched": 0}
    assert Labels(NAMES, log=log, annotator="bo")._table.labels.tolist() == [1, 0, 0, 0, 0]


def test_unknown_arguments_are_refused(log):
    with pytest.raises(TypeError, match="colour"):
        Labels(NAMES, log=log, colour="red")
    with pytest.raises(TypeError, match="colour"):
        RowsWidget(Table(NAMES), [], lambda _: None, source="Labels", log=log, colour="red")
