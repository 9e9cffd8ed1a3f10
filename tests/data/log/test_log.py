"""The annotation log on SQLite and on a real PostgreSQL server that the tests start."""

import itertools
import tempfile
import threading
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.data.annotations import COLUMNS, annotations_frame
from ig_widgets.data.errors import LogError
from ig_widgets.data.log.log import AnnotationLog

BOX = {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}


@pytest.fixture(params=["sqlite", "postgres"])
def where(request, tmp_path):
    return tmp_path / "a.db" if request.param == "sqlite" else request.getfixturevalue("new_postgres_url")()


@pytest.fixture
def log(where):
    with AnnotationLog(where) as opened:
        yield opened


def say(log, *images, by="ada", source="python", **said):
    return log.append([{"image": image, **said} for image in images], annotator=by, source=source)


def images(log):
    return log.annotations["image"].tolist()


def test_a_new_log_is_an_empty_annotations_frame(log):
    assert log.annotations.dtypes.equals(annotations_frame().dtypes)
    assert log.annotations.index.name == "statement"
    assert log.history("a").columns.tolist() == [*COLUMNS, "kind", "action", "target", "comment", "in_force"]
    assert log.revision == 0


def test_what_was_said_comes_back_with_who_where_and_when(log):
    before = pd.Timestamp.now("UTC")
    keys = log.append(
        [
            {
                "image": "ü/a b.png",
                "label": "crack",
                "present": True,
                "x": 0.1,
                "y": 1 / 3,
                "width": 1e-3,
                "height": 5,
            },
            {"image": "b.png", "label": "ok'; --", "present": False},
            {"image": "b.png"},
        ],
        annotator="ada",
        source="BoxAnnotator",
    )
    frame = log.annotations
    expected = annotations_frame(
        [
            {
                "image": "ü/a b.png",
                "label": "crack",
                "present": True,
                "x": 0.1,
                "y": 1 / 3,
                "width": 1e-3,
                "height": 5,
            },
            {"image": "b.png", "label": "ok'; --", "present": False},
            {"image": "b.png"},
        ]
    ).assign(annotator="ada", source="BoxAnnotator")
    pd.testing.assert_frame_equal(
        frame.drop(columns="at").reset_index(drop=True), expected.drop(columns="at"), check_exact=True
    )
    assert frame.index.tolist() == keys
    assert frame["at"].between(before.floor("us"), pd.Timestamp.now("UTC")).all()


def test_everything_is_there_when_the_log_is_opened_again(where):
    with AnnotationLog(where) as log:
        say(log, "a")
        say(log, "b")
        log.undo("ada")
    with AnnotationLog(where) as log:
        assert images(log) == ["a"]
        assert log.redo("ada") == ["b"]
    with AnnotationLog(where) as log:
        assert images(log) == ["a", "b"]


def test_current_is_a_part_of_the_annotations(log):
    for image, by, source in itertools.product("ab", ["ada", "bob"], ["s", "t"]):
        say(log, image, by=by, source=source)
    everything = log.annotations
    for image, by, source in itertools.product(["a", "c", None], ["ada", None], ["t", None]):
        wanted = everything
        for name, value in (("image", image), ("annotator", by), ("source", source)):
            wanted = wanted if value is None else wanted[wanted[name] == value]
        pd.testing.assert_frame_equal(log.current(image, by, source), wanted)


def test_comments_are_no_annotations_and_are_taken_back_like_them(log):
    box = {"x": 1, "y": 2, "width": 3, "height": 4}
    log.append([{"image": "a.png", "label": "crack", "present": True, **box}], annotator="ada")
    log.append(
        [{"image": "a.png", "label": "crack", **box, "comment": "only a <b>hair</b>\n?", "key": "remark"}],
        annotator="bo",
        source="PeerReview",
    )
    log.append([{"image": "b.png", "comment": "blurred"}], annotator="ada")
    assert len(log.annotations) == 1
    said = log.comments()
    assert said["comment"].tolist() == ["only a <b>hair</b>\n?", "blurred"]
    assert said.loc["remark", ["annotator", "label", "source"]].tolist() == ["bo", "crack", "PeerReview"]
    assert said.loc["remark", ["x", "y", "width", "height"]].tolist() == [1, 2, 3, 4]
    assert log.comments("b.png")["annotator"].tolist() == ["ada"]
    assert log.undo("bo") == ["a.png"]
    assert log.comments()["comment"].tolist() == ["blurred"]
    history = log.history("a.png")
    assert history["kind"].tolist() == ["say", "comment", "undo"]
    assert history.loc["remark", "comment"].startswith("only a")


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ({"comment": "why"}, "names no image"),
        ({"image": "a.png", "comment": None}, "has an empty comment; give the text"),
        ({"image": "a.png", "comment": ""}, "must be a non-empty string"),
        ({"image": "a.png", "comment": "why", "present": True}, "a comment has only"),
        ({"image": "a.png", "comment": "why", "x": 3}, "has a box without"),
    ],
)
def test_a_comment_that_says_nothing_is_refused(log, comment, sentence):
    with pytest.raises(ValueError, match=sentence):
        log.append([comment], annotator="ada")


def test_verdicts_are_no_annotations_and_a_later_one_replaces_the_earlier(log):
    box = {"x": 1.5, "y": 2, "width": 3, "height": 4}
    vote = {"image": "a.png", "label": "crack", **box}
    log.append([{**vote, "verdict": True, "key": "first"}], annotator="cy", source="PeerReview")
    log.append([{**vote, "verdict": False, "replaces": "first"}], annotator="cy", source="PeerReview")
    log.append([{**vote, "verdict": True}], annotator="di", source="PeerReview")
    assert log.annotations.empty
    said = log.verdicts("a.png")
    assert said[["annotator", "present", "x"]].to_numpy().tolist() == [["cy", False, 1.5], ["di", True, 1.5]]
    assert log.verdicts("b.png").empty
    log.undo("cy")
    assert log.verdicts()["present"].tolist() == [True, True]


def test_a_snapshot_is_what_the_single_questions_answer(log):
    assert [len(part) for part in log.snapshot()[:3]] == [0, 0, 0]
    assert log.snapshot().revision == 0
    first = say(log, "a.png", "b.png", label="crack", present=True, **BOX)
    say(log, "b.png", by="bo", label="crack", present=False)
    log.append([{"image": "a.png", "label": "dent", "present": True, "replaces": first[0]}], annotator="ada")
    for verdict in (True, False):
        log.append([{"image": "a.png", "label": "crack", "verdict": verdict, **BOX}], annotator="cy")
        log.append([{"image": "b.png", "comment": f"{verdict}?"}], annotator="cy")
    log.undo("cy")
    log.undo("cy")
    whole = log.snapshot()
    pd.testing.assert_frame_equal(whole.annotations, log.annotations)
    pd.testing.assert_frame_equal(whole.verdicts, log.verdicts())
    pd.testing.assert_frame_equal(whole.comments, log.comments())
    assert whole.revision == log.revision
    assert [len(part) for part in whole[:3]] == [3, 1, 1]
    one = log.snapshot("b.png")
    pd.testing.assert_frame_equal(one.annotations, log.current("b.png"))
    pd.testing.assert_frame_equal(one.comments, log.comments("b.png"))
    assert [len(part) for part in one[:3]] == [2, 0, 1]


def test_what_is_read_in_several_parts_is_whole(log, monkeypatch):
    said = [f"{i}.png" for i in range(7)]
    say(log, *said)
    log.undo("ada", images=said)
    log.redo("ada", images=said)
    monkeypatch.setattr("ig_widgets.data.log.log._CHUNK", 3)
    assert images(log) == said


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ({"verdict": True, "proposed": 3}, "proposed is 3"),
        ({"verdict": None, "x": 1, "y": 2, "width": 3, "height": 4}, "accepted"),
        ({"verdict": "yes", "x": 1, "y": 2, "width": 3, "height": 4}, "accepted"),
        ({"verdict": True, "present": True}, "a verdict has only"),
    ],
)
def test_a_verdict_that_decides_nothing_is_refused(log, verdict, sentence):
    with pytest.raises(ValueError, match=sentence):
        log.append([{"image": "a.png", **verdict}], annotator="cy")


def test_an_action_is_known_by_what_it_was_about(log):
    log.append(
        [{"image": "b.png", "label": "crack", "present": True}, {"image": "a.png"}],
        annotator="ada",
        action="first",
    )
    assert log.touched("first") == ["b.png", "a.png"]
    assert log.touched("second") == []


def test_the_revision_grows_with_everything_that_is_appended_and_with_nothing_else(log):
    revisions = [log.revision]
    for change in (lambda: say(log, "a"), lambda: log.undo("ada"), lambda: log.redo("ada")):
        change()
        _ = log.annotations, log.undo("nobody")
        assert log.append([], annotator="ada") == []
        revisions.append(log.revision)
    assert revisions == sorted(set(revisions))


def test_a_replaced_statement_stays_away_when_its_replacement_is_replaced_or_deleted(log):
    (first,) = say(log, "a", label="1")
    (second,) = say(log, "a", label="2", replaces=first)
    (third,) = say(log, "a", label="3", replaces=second)
    assert log.annotations["label"].tolist() == ["3"]
    log.append([{"deletes": third}], annotator="ada")
    assert images(log) == []
    for expected in (["3"], ["2"], ["1"], []):
        assert log.undo("ada") == ["a"]
        assert log.annotations["label"].tolist() == expected


def test_two_people_who_replace_the_same_statement_both_keep_theirs(log):
    (first,) = say(log, "a", label="0")
    say(log, "a", label="ada", replaces=first)
    say(log, "a", label="bob", replaces=first, by="bob")
    assert log.annotations["label"].tolist() == ["ada", "bob"]
    log.undo("bob")
    assert log.annotations["label"].tolist() == ["ada"]


def test_statements_of_one_call_may_refer_to_each_other_and_are_undone_together(log):
    log.append(
        [
            {"image": "a", "key": "k"},
            {"image": "a", "key": "l", "replaces": "k"},
            {"image": "b"},
            {"deletes": "l"},
        ],
        annotator="ada",
    )
    assert images(log) == ["b"]
    assert log.undo("ada") == ["a", "b"]
    assert images(log) == []


def test_undo_touches_only_what_the_annotator_did(log):
    say(log, "a", by="ada")
    say(log, "b", by="bob")
    assert log.undo("ada") == ["a"]
    assert log.undo("ada") == []
    assert images(log) == ["b"]


def test_an_undo_with_a_name_is_done_once_however_often_it_is_asked_for(log):
    say(log, "a")
    say(log, "b")
    assert [log.undo("ada", action="u1") for _ in range(3)] == [["b"]] * 3
    assert images(log) == ["a"]
    assert [log.redo("ada", action="r1") for _ in range(3)] == [["b"]] * 3
    assert images(log) == ["a", "b"]
    assert log.undo("ada", action="u2") == ["b"]


def test_one_action_is_retracted_whatever_was_said_since(log):
    log.append([{"image": "a"}], annotator="ada", action="one")
    say(log, "b")
    assert log.retract("one", "bob") == [], "it is ada's"
    assert log.retract("three", "ada") == [], "nobody has said it"
    assert [log.retract("one", "ada", action="back") for _ in range(3)] == [["a"]] * 3
    assert images(log) == ["b"]
    assert log.retract("one", "ada") == [], "it is not in force"
    assert log.retract("back", "ada") == ["a"], "the undo is undone"
    assert images(log) == ["a", "b"]
    assert log.retract("one", "ada") == ["a"], "and it can be retracted again"
    assert images(log) == ["b"]


def test_several_images_are_asked_for_at_once(log):
    say(log, "a")
    say(log, "b", by="bob")
    say(log, "c")
    say(log, "a", by="bob")
    assert log.current(["a", "b"])["annotator"].tolist() == ["ada", "bob", "bob"]
    assert log.current({"c"}, "ada")["image"].tolist() == ["c"]
    assert log.current([]).empty


def test_undo_of_a_source_or_of_images_leaves_the_rest(log):
    say(log, "a", source="s")
    say(log, "a", "b", source="s")
    say(log, "c", source="t")
    assert log.undo("ada", source="s", images=["a"]) == ["a"], "the action about b as well is not within a"
    assert log.undo("ada", source="s") == ["a", "b"]
    assert log.undo("ada", source="s") == []
    assert images(log) == ["c"]
    assert log.redo("ada", source="t") == []
    assert log.redo("ada", images=["a"]) == ["a"]
    assert log.redo("ada", source="s") == ["a", "b"]
    assert log.undo("ada", source="t", images=["c"]) == ["c"]
    say(log, "a")
    assert log.redo("ada", images=["c"]) == ["c"], "what was said about a since does not matter to c"


def test_a_new_action_forgets_what_was_undone(log):
    say(log, "a")
    log.undo("ada")
    say(log, "b")
    assert log.redo("ada") == []
    log.undo("ada")
    assert log.redo("ada") == ["b"]


def test_images_of_undo_is_not_one_text(log):
    with pytest.raises(TypeError, match=r"images is the string 'a.png'; give a list of image ids"):
        log.undo("ada", images="a.png")


def test_history_tells_everything_about_one_image(log):
    (key,) = say(log, "a", label="crack", by="ada")
    say(log, "b", by="bob")
    log.append([{"deletes": key}], annotator="bob")
    log.undo("bob")
    log.redo("bob")
    log.undo("bob")
    history = log.history("a")
    assert history["kind"].tolist() == ["say", "delete", "undo", "undo", "undo"]
    assert history["annotator"].tolist() == ["ada", *["bob"] * 4]
    assert history["in_force"].tolist() == [True, False, False, True, True]
    actions = history["action"].tolist()
    assert history["target"].tolist()[1:] == [key, actions[1], actions[2], actions[1]]
    assert history["label"].isna().tolist() == [False, True, True, True, True]
    assert history.index[0] == key


def test_sending_an_action_again_adds_nothing(log):
    statements = [{"image": "a", "key": "k", **BOX}, {"deletes": "k", "key": "d"}, {"image": "b", "key": "l"}]
    for action in ("gesture", "gesture", None):
        assert log.append(statements, annotator="ada", action=action) == ["k", "d", "l"]
    assert log.revision == 3
    log.undo("ada")
    assert log.append(statements, annotator="ada", action="gesture") == ["k", "d", "l"]
    assert images(log) == [], "an answer that was lost does not bring back what was undone since"


@pytest.mark.parametrize(
    ("statements", "action", "sentence"),
    [
        (
            [{"image": "a", "key": "k", "label": "dent"}],
            "g",
            "key 'k' of statement 0 is in use for another statement",
        ),
        ([{"image": "b", "key": "k"}], None, "key 'k' of statement 0 is in use for another statement"),
        ([{"image": "a", "key": "k"}, {"image": "a", "key": "new"}], "g", "some of these statements are new"),
        (
            [{"image": "a", "key": "k"}, {"image": "a", "key": "new"}],
            None,
            "some of these statements are new",
        ),
        ([{"image": "a", "key": "new"}], "g", "give new statements a new action"),
        ([{"image": "a"}], "g", "give new statements a new action"),
        ([{"image": "a", "key": "k"}], "other", "resend an action unchanged"),
        (
            [{"image": "a", "key": "n"}, {"image": "a", "key": "n"}],
            None,
            "the key 'n' is given to two statements of one call; give each",
        ),
        (
            [{"image": "a", "replaces": "zzz"}],
            None,
            "statement 0 replaces 'zzz', but no statement has this key; give the key of an earlier statement",
        ),
        (
            [{"image": "a"}, {"deletes": "zzz"}],
            None,
            "statement 1 deletes 'zzz', but no statement has this key",
        ),
        ([{"deletes": "d"}], None, "statement 0 deletes 'd', but no statement has this key"),
        (
            [{"image": "b", "replaces": "k"}],
            None,
            "about image 'b' but replaces a statement about image 'a'; both",
        ),
        (
            [{"deletes": "k", "image": "b"}],
            None,
            "about image 'b' but deletes a statement about image 'a'; both must",
        ),
        (
            [{"image": "a"}, {"image": "a", "width": 3}],
            None,
            r"statement 1 \(image 'a'\) has a box without x and y",
        ),
        ([{"image": "a"}], "", "action is ''; it must be a non-empty string"),
    ],
)
def test_a_call_with_anything_wrong_saves_nothing(log, statements, action, sentence):
    log.append([{"image": "a", "key": "k"}], annotator="ada", action="g")
    log.append([{"deletes": "k", "key": "d"}], annotator="ada")
    revision = log.revision
    with pytest.raises(ValueError, match=sentence):
        log.append(statements, annotator="ada", action=action)
    assert log.revision == revision


def test_another_annotator_cannot_use_a_key_again(log):
    say(log, "a", key="k", by="ada")
    with pytest.raises(ValueError, match="the key 'k' of statement 0 is in use"):
        say(log, "a", key="k", by="bob")


@pytest.mark.parametrize("name", ["annotator", "source"])
def test_nobody_and_nowhere_are_refused(log, name):
    with pytest.raises(ValueError, match=f"{name} is ''; it must be a non-empty string"):
        log.append([{"image": "a"}], **({"annotator": "ada"} | {name: ""}))


def test_a_closed_log_says_so(log):
    log.close()
    log.close()
    with pytest.raises(LogError, match="is closed; open it again with AnnotationLog"):
        _ = log.annotations


def test_the_log_shows_its_place_without_a_password(log, where):
    assert repr(log) == f"AnnotationLog({log.where!r})"
    assert "secret" not in repr(log)
    if isinstance(where, Path):
        assert log.where == str(where)


def test_extend_keeps_rows_order_and_times(log):
    at = pd.Timestamp("2024-05-01 12:00:00.123456", tz="UTC")
    given_rows = annotations_frame(
        {
            "image": f"{i % 7}.png",
            "annotator": "ada" if i % 3 else "bob",
            "label": "crack",
            "present": i % 2 == 0,
        }
        | (BOX if i % 2 else {})
        | {"source": "coco", "at": at + pd.Timedelta(seconds=-i)}
        for i in range(1201)
    )
    assert log.extend(given_rows) == 1201
    pd.testing.assert_frame_equal(log.annotations.reset_index(drop=True), given_rows)


def test_extend_is_one_action_for_each_annotator(log):
    log.extend(annotations_frame([{"image": image, "annotator": by} for image, by in ("ax", "by", "cx")]))
    assert log.annotations["source"].unique().tolist() == ["import"]
    assert log.annotations["at"].notna().all()
    assert log.undo("x") == ["a", "c"]
    assert images(log) == ["b"]


def test_extend_says_where_it_is_from(log):
    frame = annotations_frame([{"image": "a", "annotator": "ada", "source": "old"}])
    log.extend(frame)
    log.extend(frame, source="new")
    assert log.annotations["source"].tolist() == ["old", "new"]


def test_extend_with_nothing_adds_nothing(log):
    assert log.extend(annotations_frame()) == 0
    assert log.revision == 0


def test_annotations_of_one_log_extend_another(log, tmp_path):
    say(log, "a", label="crack", present=True, **BOX)
    say(log, "b")
    with AnnotationLog(tmp_path / "other.db") as other:
        assert other.extend(log.annotations) == 2
        pd.testing.assert_frame_equal(
            other.annotations.reset_index(drop=True), log.annotations.reset_index(drop=True)
        )


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ({"image": ["a"]}, "lack the column 'annotator'; the columns are image"),
        (
            {"image": ["a"], "annotator": ["ada"], "n_boxes": [3]},
            "have the unknown column 'n_boxes'; the columns",
        ),
        (
            {"image": ["a", "b"], "annotator": ["ada", None]},
            r"row 1 \(image 'b'\): annotator is nan; it must be a non-empty string",
        ),
        ({"image": ["a", None], "annotator": ["ada", "ada"]}, "row 1 names no image"),
        (
            {"image": ["a"], "annotator": ["ada"], "x": [1.0]},
            "row 0 .*has a box without y and width and height",
        ),
    ],
)
def test_extend_refuses_what_are_no_annotations_and_saves_nothing(log, frame, sentence):
    with pytest.raises(ValueError, match=sentence):
        log.extend(pd.DataFrame(frame))
    assert log.revision == 0


def test_threads_that_use_one_log_at_once_lose_nothing(log):
    said = {}
    failed = []

    def work(name):
        try:
            said[name] = [say(log, name, by=name)[0] for _ in range(20)]
            for _ in range(5):
                log.undo(name)
                log.current(name)
        except BaseException as error:  # noqa: BLE001 - whatever goes wrong in a thread has to reach the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for name, keys in said.items():
        assert log.current(annotator=name).index.tolist() == keys[:15]
    assert log.revision == 8 * 25


def test_threads_of_one_annotator_never_undo_the_same_action(log):
    for i in range(20):
        say(log, str(i))
    undone = []
    threads = [
        threading.Thread(target=lambda: undone.extend(log.undo("ada") + log.undo("ada"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(undone, key=int) == [str(i) for i in range(8, 20)]


def test_a_postgresql_database_may_hold_other_tables(new_postgres_url):
    from sqlalchemy import text

    from ig_widgets.data.log.schema import open_database

    url = new_postgres_url()
    with AnnotationLog(url) as log:
        made = log.id
    engine, shown, found = open_database(url)
    assert (found, "secret" in shown) == (made, False)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE ig_widgets_meta"))
    with pytest.raises(LogError, match=r"is not an annotation log: it holds other tables \(statements\)"):
        AnnotationLog(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE statements RENAME TO other"))
        connection.execute(text("ALTER INDEX ix_statements_action RENAME TO ix_other_action"))
        connection.execute(text("ALTER INDEX ix_statements_image_seq RENAME TO ix_other_image"))
        connection.execute(text("ALTER INDEX ix_statements_annotator_seq RENAME TO ix_other_annotator"))
    engine.dispose()
    with AnnotationLog(url) as log:
        say(log, "a")
        assert log.id != made


def test_threads_that_open_a_new_postgresql_log_at_once_share_one_log(new_postgres_url):
    url = new_postgres_url()
    ids = []

    def work():
        with AnnotationLog(url) as log:
            say(log, "a")
            ids.append(log.id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with AnnotationLog(url) as log:
        assert ids == [log.id] * 8
        assert images(log) == ["a"] * 8


class Editor:
    """A log that is slow and obvious: a list of actions, each in force or not."""

    def __init__(self):
        self.actions = []
        self.clock = itertools.count()

    def act(self, by, source, operations):
        images = {operation["image"] for operation in operations}
        self.actions.append(
            {"by": by, "source": source, "images": images, "operations": operations, "said": next(self.clock)}
        )

    def statements(self):
        live = [
            operation
            for action in self.actions
            if "undone" not in action
            for operation in action["operations"]
        ]
        gone = {operation["target"] for operation in live}
        return [operation["key"] for operation in live if operation["says"] and operation["key"] not in gone]

    def _own(self, by, source):
        return [
            action for action in self.actions if action["by"] == by and source in {None, action["source"]}
        ]

    def undo(self, by, source, scope):
        for action in reversed(self._own(by, source)):
            if "undone" not in action and (scope is None or action["images"] <= scope):
                action["undone"] = next(self.clock)
                return action["images"]
        return set()

    def redo(self, by, source, scope):
        own = self._own(by, source)
        undone = [a for a in own if "undone" in a and (scope is None or a["images"] <= scope)]
        if not undone:
            return set()
        last = max(undone, key=lambda action: action["undone"])
        if any(a["said"] > last["undone"] for a in own if scope is None or a["images"] & scope):
            return set()
        del last["undone"]
        return last["images"]


PEOPLE = st.sampled_from(["ada", "bob"])
SOURCES = st.sampled_from(["s", "t"])
SCOPES = st.none() | st.sampled_from([{"a"}, {"b"}, {"a", "b"}])
OPERATION = st.tuples(
    st.sampled_from(["say", "say", "replace", "delete"]), st.sampled_from("ab"), st.integers(0, 99)
)
STEP = (
    st.tuples(st.just("act"), PEOPLE, SOURCES, st.lists(OPERATION, min_size=1, max_size=3))
    | st.tuples(st.just("undo"), PEOPLE, st.none() | SOURCES, SCOPES)
    | st.tuples(st.just("undo"), PEOPLE, st.none(), st.none())
    | st.tuples(st.just("redo"), PEOPLE, st.none() | SOURCES, SCOPES)
    | st.tuples(st.just("redo"), PEOPLE, st.none(), st.none())
)


def play(log, steps):
    """Do the same to the log and to the obvious editor, and compare after each step."""
    editor = Editor()
    said = []  # (key, image) of every statement ever made
    keys = (f"{log.id}-{i}" for i in itertools.count())
    for what, by, source, detail in steps:
        if what == "act":
            statements, operations = [], []
            for kind, image, number in detail:
                target, about = said[number % len(said)] if said and kind != "say" else (None, image)
                key = next(keys)
                says = kind != "delete" or target is None
                statement = {"key": key, "image": about}
                if target is not None:
                    statement["replaces" if says else "deletes"] = target
                statements.append(statement)
                operations.append({"key": key, "image": about, "says": says, "target": target})
                if says:
                    said.append((key, about))
            log.append(statements, annotator=by, source=source)
            editor.act(by, source, operations)
        else:
            touched = getattr(log, what)(by, source=source, images=detail)
            assert set(touched) == getattr(editor, what)(by, source, detail)
        frame = log.annotations
        assert frame.index.tolist() == editor.statements()
        for image in "ab":
            about = frame.index[frame["image"] == image].tolist()
            assert log.current(image).index.tolist() == about
            history = log.history(image)
            assert history.index[(history["kind"] == "say") & history["in_force"]].tolist() == about


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, max_size=25))
def test_the_log_does_what_an_obvious_editor_does(steps):
    with tempfile.TemporaryDirectory() as folder, AnnotationLog(f"{folder}/a.db") as log:
        play(log, steps)


def test_the_log_does_what_an_obvious_editor_does_on_postgresql(new_postgres_url):
    @settings(max_examples=8, deadline=None, derandomize=True)
    @given(steps=st.lists(STEP, min_size=5, max_size=25))
    def check(steps):
        with AnnotationLog(new_postgres_url()) as log:
            play(log, steps)

    check()
