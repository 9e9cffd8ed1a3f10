import base64
import threading

import cv2
import numpy as np
import pandas as pd
import pytest

from ig_widgets.compute.augmentation.policies import PolicyAugmenter
from ig_widgets.data.images import ImageSet
from ig_widgets.data.log.log import LogError
from ig_widgets.data.patterns import crop_patterns
from ig_widgets.widgets.pattern_gallery import PatternGallery

BOXES = pd.DataFrame(
    {
        "image": ["a.png", "a.png", "b.png"],
        "label": ["crack", "crack", "stain"],
        "x": [3.0, 20.0, 5.0],
        "y": [4.0, 10.0, 6.0],
        "width": [10.0, 12.0, 20.0],
        "height": [12.0, 8.0, 9.0],
    }
)


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return ImageSet.from_arrays(
        [rng.integers(0, 256, (40, 60), np.uint8) for _ in range(2)], ids=["a.png", "b.png"]
    )


@pytest.fixture
def patterns(images):
    return crop_patterns(images, BOXES)


@pytest.fixture
def act(ask):
    """Do something to patterns as the browser does."""

    def gesture(gallery, rows=(), *, kind="judge", action="g1", **said):
        bits = np.zeros(8 * -(-len(gallery.all_patterns) // 8), np.uint8)
        bits[list(rows)] = 1
        items = base64.b64encode(np.packbits(bits, bitorder="little")).decode()
        hello = ask(gallery, "hello")[0]["ok"]
        about = {"rows": hello["rows"], "count": hello["count"], "items": items}
        told = {"kind": kind, "action": action, **about, **said}
        return ask(gallery, "act", gesture=told)[0]

    return gesture


def states(gallery, ask):
    _, buffers = ask(gallery, "columns", start=0)
    return np.frombuffer(buffers[1], np.uint8).tolist()


def test_patterns_that_were_dropped_and_renamed_are_kept_so(patterns, log, act):
    gallery = PatternGallery(patterns, log=log, annotator="ada")
    act(gallery, [0], present=False)
    act(gallery, [1], label="stain", action="g2")
    kept = gallery.kept
    assert kept.ids == (patterns.ids[1], patterns.ids[2])
    assert kept.provenance["label"].tolist() == ["stain", "stain"]
    assert kept.provenance["x"].tolist() == [20.0, 5.0]
    np.testing.assert_array_equal(kept[0], patterns[1])
    assert patterns.provenance["label"].tolist() == ["crack", "crack", "stain"]


def test_decisions_are_verdicts_about_the_pattern_and_no_annotations(patterns, log, act):
    gallery = PatternGallery(patterns, log=log, annotator="ada")
    act(gallery, [0, 2], present=False)
    assert log.annotations.empty
    assert gallery.verdicts["label"].isna().all()  # they were given no new class
    rows = gallery.verdicts[["image", "annotator", "present", "source"]]
    assert rows.to_numpy().tolist() == [
        [patterns.ids[0], "ada", False, "PatternGallery"],
        [patterns.ids[2], "ada", False, "PatternGallery"],
    ]


def test_a_later_decision_replaces_the_earlier_one(patterns, log, act):
    gallery = PatternGallery(patterns, log=log)
    act(gallery, [0], present=False)
    act(gallery, [0], label="stain", action="g2")
    act(gallery, [0], present=True, action="g3")
    (row,) = gallery.verdicts.to_dict("records")
    assert (row["label"], row["present"]) == ("stain", True)
    assert len(log.history(patterns.ids[0])) == 3


def test_a_decision_sent_twice_is_saved_once_also_to_a_new_kernel(patterns, log, act, ask):
    gallery = PatternGallery(patterns, log=log)
    act(gallery, [0, 1], present=False, action="g1")
    act(gallery, [0], present=True, action="g2")
    for again in (gallery, PatternGallery(patterns, log=log)):
        assert "ok" in act(again, [0], present=True, action="g2")
        assert states(again, ask) == [1, 2, 0]
    assert len(log.history(patterns.ids[0])) == 2


def test_undo_and_redo_are_the_annotators_own_and_outlive_the_widget(patterns, log, act, ask):
    act(PatternGallery(patterns, log=log, annotator="ada"), [0], present=False, action="g1")
    act(PatternGallery(patterns, log=log, annotator="bo"), [0, 1], present=False, action="g2")
    gallery = PatternGallery(patterns, log=log, annotator="ada")
    assert act(gallery, kind="undo", action="g3")["ok"] == {"touched": 1}
    assert log.verdicts(annotator="ada").empty
    assert act(gallery, kind="undo", action="g4")["ok"] == {"touched": 0}
    act(gallery, kind="redo", action="g5")
    assert log.verdicts(annotator="ada")["present"].tolist() == [False]
    assert states(PatternGallery(patterns, log=log, annotator="bo"), ask) == [2, 2, 0]
    assert log.verdicts(annotator="bo")["image"].tolist() == list(patterns.ids[:2])


def test_all_views_hear_what_has_changed(patterns, log, act):
    gallery = PatternGallery(patterns, log=log)
    act(gallery, [0, 2], label="dent", action="g1")
    _, data, buffers = gallery.comm.sent[-2]
    assert data["content"]["news"]["changed"] == {"revision": 1, "classes": ["crack", "stain", "dent"]}
    rows, kinds, labels = (
        np.frombuffer(buffer, kind)
        for buffer, kind in zip(buffers, [np.int32, np.uint8, np.uint16], strict=True)
    )
    assert (rows.tolist(), kinds.tolist(), labels.tolist()) == ([0, 2], [1, 1], [2, 2])


def test_a_gesture_about_other_patterns_is_left_for_their_gallery(patterns, log, ask):
    gallery = PatternGallery(patterns, log=log)
    hello = ask(gallery, "hello")[0]["ok"]
    about = {"rows": hello["rows"], "count": hello["count"]}
    for other in ({**about, "rows": "another"}, {**about, "count": 2}, {**about, "count": 99}):
        gesture = {"kind": "judge", "action": "g", "items": [1], "present": False, **other}
        assert ask(gallery, "act", gesture=gesture)[0]["ok"] == {"elsewhere": True}
    assert log.verdicts().empty
    for items in ([], [-1], [3]):
        gesture = {"kind": "judge", "action": "g", "items": items, "present": False, **about}
        assert "the browser named" in ask(gallery, "act", gesture=gesture)[0]["error"]["message"]


def test_what_was_said_about_the_first_patterns_holds_after_more_were_made(patterns, log, ask):
    gallery = PatternGallery(patterns, log=log)
    hello = ask(gallery, "hello")[0]["ok"]
    gallery._grow(ImageSet.from_arrays([np.zeros((5, 5), np.uint8)], ids=["made"]))
    gesture = {
        "kind": "judge",
        "action": "g",
        "rows": hello["rows"],
        "count": 3,
        "items": [1],
        "present": False,
    }
    assert ask(gallery, "act", gesture=gesture)[0]["ok"] == {"touched": 1}
    assert states(gallery, ask) == [0, 2, 0, 0]


def test_a_pattern_that_got_another_number_is_judged_again(images, patterns, log, act, ask):
    act(PatternGallery(patterns, log=log), [1], present=False, action="g1")
    above = pd.concat([BOXES.iloc[:1].assign(y=0.0, height=3.0), BOXES], ignore_index=True)
    renumbered = PatternGallery(crop_patterns(images, above), log=log)
    assert renumbered.all_patterns.ids[2] == "a.png#2"
    assert states(renumbered, ask) == [0, 0, 2, 0]
    assert "ok" in act(renumbered, [1, 2], present=True, action="g2")
    assert states(renumbered, ask) == [0, 1, 1, 0]
    assert log.verdicts()["present"].tolist() == [True, True]
    act(renumbered, kind="undo", action="g3")
    assert states(renumbered, ask) == [0, 0, 2, 0]


def test_a_pattern_that_got_another_number_is_known_when_a_gallery_opens(images, patterns, log, act, ask):
    act(PatternGallery(patterns, log=log), [1], present=False)
    again = crop_patterns(images, BOXES.iloc[1:])  # the box before it is gone
    assert again.ids[0] == patterns.ids[0]
    assert states(PatternGallery(again, log=log), ask) == [2, 0]


def test_the_last_verdict_of_anybody_is_shown_and_nobody_replaces_anothers(patterns, log, act, ask):
    act(PatternGallery(patterns, log=log, annotator="ada"), [0], present=False, action="g1")
    bo = PatternGallery(patterns, log=log, annotator="bo")
    assert states(bo, ask) == [2, 0, 0]
    act(bo, [0], present=True, action="g2")
    assert states(bo, ask) == [1, 0, 0]
    assert log.verdicts()["annotator"].tolist() == ["ada", "bo"]


def test_what_the_log_does_not_take_is_not_shown_as_decided(patterns, log, act, ask):
    gallery = PatternGallery(patterns, log=log)
    log.close()
    answer = act(gallery, [0], present=False)
    assert "closed" in answer["error"]["message"]
    assert states(gallery, ask) == [0, 0, 0]
    with pytest.raises(LogError):
        _ = gallery.verdicts


def test_the_browser_is_told_where_a_pattern_comes_from(images, patterns, log, ask):
    augmenter = PolicyAugmenter(random_state=0).fit(patterns)
    made = augmenter.transform(patterns)
    gallery = PatternGallery(patterns + made, images=images, log=log)
    answer, (large, around) = ask(gallery, "about", item=1)
    about = answer["ok"]
    assert (about["id"], about["image"]) == (patterns.ids[1], "a.png")
    assert [about[name] for name in ("x", "y", "width", "height")] == [20, 10, 12, 8]
    assert about["size"] == [12, 8]
    assert cv2.imdecode(np.frombuffer(large, np.uint8), cv2.IMREAD_UNCHANGED).shape == (8, 12)
    seen = cv2.imdecode(np.frombuffer(around, np.uint8), cv2.IMREAD_UNCHANGED)
    x, y, width, height = np.array(about["place"]) * [*seen.shape[::-1], *seen.shape[::-1]]
    box = seen[round(y) : round(y + height), round(x) : round(x + width)]
    assert np.abs(box.astype(int) - patterns[1]).mean() < 3  # JPEG of noise
    about = ask(gallery, "about", item=3)[0]["ok"]
    known = made.provenance.iloc[0]
    assert (about["operation"], about["parent"]) == (known["operation"], known["parent"])


def test_the_end_says_how_many_are_kept_once_all_are_decided(patterns, log, act, ask):
    gallery = PatternGallery(patterns, log=log)
    act(gallery, [0, 1], present=False)
    assert ask(gallery, "hello")[0]["ok"]["end"] is None
    act(gallery, [2], present=True, action="g2")
    end = ask(gallery, "hello")[0]["ok"]["end"]
    assert end == {"done": "All 3 patterns are decided: 1 kept, 2 dropped.", "next": ".kept"}


def test_columns_of_many_patterns_come_in_messages_below_a_megabyte(log, ask):
    count = 120_001
    gallery = PatternGallery(
        ImageSet.from_arrays(np.zeros((count, 1, 1), np.uint8)), importance=np.arange(count), log=log
    )
    importance = []
    while len(importance) < count:
        answer, buffers = ask(gallery, "columns", start=len(importance))
        assert answer["ok"]["count"] == count
        assert sum(map(len, buffers)) < 1_000_000
        importance += np.frombuffer(buffers[4], np.float32).tolist()
    assert importance == list(range(count))


def test_patterns_and_importance_follow_the_order(patterns, log, ask):
    gallery = PatternGallery(patterns, order=[2, 0], importance=[0.5, 0.25, 0.125], log=log)
    assert gallery.all_patterns.ids == (patterns.ids[2], patterns.ids[0])
    _, buffers = ask(gallery, "columns", start=0)
    assert np.frombuffer(buffers[4], np.float32).tolist() == [0.125, 0.5]


def test_patterns_that_were_made_here_are_shown_and_judged(patterns, log, act, ask):
    augmenter = PolicyAugmenter(random_state=0).fit(patterns)
    made = augmenter.transform(patterns)
    gallery = PatternGallery(patterns, log=log, generators={"policy": lambda count: made[:count]})
    ask(gallery, "make", name="policy", count=4)
    for thread in threading.enumerate():
        if thread.name == "ig_widgets-policy":
            thread.join(20)
    assert gallery.all_patterns.ids == (*patterns.ids, *made.ids[:4])
    act(gallery, [6], present=False)
    assert made.ids[3] not in gallery.kept.ids
    assert len(gallery.kept) == 6


def retrained(patterns, seed):
    """What a GAN that was trained again makes: other pictures of the same ids."""
    rng = np.random.default_rng(seed)
    made = [rng.integers(0, 256, (9, 20), np.uint8) for _ in range(3)]
    nearest = patterns.provenance.iloc[[2] * 3].assign(operation="GAN", parent=patterns.ids[2])
    return patterns + ImageSet.from_arrays(
        made, ids=[f"GAN/7-{i}" for i in range(3)], provenance=nearest.reset_index(drop=True)
    )


def test_decisions_about_what_a_gan_made_are_about_these_very_pictures(patterns, log, act, ask):
    first = PatternGallery(retrained(patterns, 0), log=log)
    act(first, [1, 3], present=False, action="g1")
    act(first, [4], label="dent", action="g2")
    again = PatternGallery(retrained(patterns, 0), log=log)
    assert states(again, ask) == [0, 2, 0, 2, 1, 0]
    assert again.kept.provenance["label"].tolist() == ["crack", "stain", "dent", "stain"]
    other = PatternGallery(retrained(patterns, 1), log=log)
    assert states(other, ask) == [0, 2, 0, 0, 0, 0]
    assert other.kept.provenance["label"].tolist() == ["crack", *["stain"] * 4]
    assert other.verdicts["image"].tolist() == [patterns.ids[1]]


def test_undo_in_a_gallery_takes_back_nothing_about_pictures_that_are_not_in_it(patterns, log, act, ask):
    act(PatternGallery(retrained(patterns, 0), log=log), [3], present=False, action="g1")
    assert act(PatternGallery(retrained(patterns, 1), log=log), kind="undo", action="g2")["ok"] == {
        "touched": 0
    }
    again = PatternGallery(retrained(patterns, 0), log=log)
    assert act(again, kind="undo", action="g3")["ok"] == {"touched": 1}
    assert states(again, ask) == [0] * 6
    # also what this gallery never saw in force
    assert act(PatternGallery(retrained(patterns, 0), log=log), kind="redo", action="g4")["ok"] == {
        "touched": 1
    }


def test_a_gesture_about_what_a_gan_made_is_not_for_what_it_made_after_it_was_trained_again(
    patterns, log, ask
):
    hello = ask(PatternGallery(retrained(patterns, 0), log=log), "hello")[0]["ok"]
    other = PatternGallery(retrained(patterns, 1), log=log)
    gesture = {"kind": "judge", "action": "g", "items": [3], "present": False}
    about = {"rows": hello["rows"], "count": hello["count"]}
    assert ask(other, "act", gesture={**gesture, **about})[0]["ok"] == {"elsewhere": True}


def test_what_is_made_here_without_provenance_is_known_by_its_pixels(patterns, log, act, ask):
    def gallery(level):
        opened = PatternGallery(patterns, log=log)
        opened._grow(ImageSet.from_arrays([np.full((5, 5), level, np.uint8)], ids=["0"]))
        return opened

    act(gallery(10), [3], present=False)
    assert states(gallery(10), ask) == [0, 0, 0, 2]
    assert states(gallery(20), ask) == [0, 0, 0, 0]


def test_hostile_names_are_text(log, act, ask):
    name = '<img src=x onerror="alert(1)">\u202e' + "x" * 10_000
    patterns = ImageSet.from_arrays([np.zeros((4, 4), np.uint8)] * 2, ids=[name, "b"])
    gallery = PatternGallery(patterns, [name], log=log)
    act(gallery, [0], label=name)
    assert ask(gallery, "about", item=0)[0]["ok"]["id"] == name
    assert gallery.verdicts["label"].tolist() == [name]


@pytest.mark.parametrize("close", [True, False])
def test_galleries_that_are_closed_or_forgotten_leave_no_threads(patterns, log, close):
    before = threading.active_count()
    wish = {"id": "1", "op": "wish", "args": {"view": "a", "level": 64, "items": [0, 1, 2], "received": 0}}
    galleries = [PatternGallery(patterns, log=log) for _ in range(20)]
    wires = [gallery.comm for gallery in galleries]
    for gallery, wire in zip(galleries, wires, strict=True):
        wire.handle_msg({"content": {"data": {"method": "custom", "content": wish}}, "buffers": []})
        if close:
            gallery.close()
    for thread in threading.enumerate():
        if thread.name.startswith("ig_widgets"):
            thread.join(20)
    assert threading.active_count() <= before
    if not close:
        told = [[data.get("content", {}).get("news", {}) for _, data, _ in wire.sent] for wire in wires]
        assert all(any("sheet" in news for news in some) for some in told)


@pytest.mark.parametrize("item", [-1, 3, 10_000])
def test_patterns_that_are_not_listed_are_refused(patterns, log, ask, item):
    assert "there are 3" in ask(PatternGallery(patterns, log=log), "about", item=item)[0]["error"]["message"]


def test_arguments_that_make_no_sense_are_refused(patterns, log):
    with pytest.raises(ValueError, match="no patterns"):
        PatternGallery(patterns[:0], log=log)
    with pytest.raises(ValueError, match="importance has shape"):
        PatternGallery(patterns, importance=[1, 2], log=log)
