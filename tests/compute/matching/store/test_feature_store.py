import copy
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from ig_widgets.compute.matching.store import feature_session
from ig_widgets.compute.matching.store.feature_store import DamagedFeaturesWarning, FeatureStore

REPO = Path(__file__).resolve().parents[3]
SETTINGS = {"search": "full", "signed": False, "factor": 4}
WRITER_PATTERNS = 200


def digests(kind, numbers):
    return [hashlib.blake2b(f"{kind}{i}".encode(), digest_size=16).digest() for i in numbers]


IMAGES, PATTERNS = digests("image", range(20)), digests("pattern", range(6))


def similarities(images, patterns):
    """Make numbers that no other pair has."""
    a, b = (np.frombuffer(b"".join(part), np.uint64)[::2] for part in (images, patterns))
    mixed = a[:, None] * np.uint64(0x9E3779B97F4A7C15) ^ b * np.uint64(0xC2B2AE3D27D4EB4F)
    return mixed / 2**64 - 0.5, (mixed[..., None] >> np.arange(0, 64, 16, np.uint64) & 0xFFFF).astype(
        np.int32
    )


def put(session, images, columns):
    """Add the similarities of images to some of PATTERNS."""
    session.add(images, columns, *similarities(images, [PATTERNS[j] for j in columns]))


def filled(folder, images=IMAGES, patterns=PATTERNS):
    with FeatureStore(folder).open(SETTINGS, patterns) as session:
        session.add(images, range(len(patterns)), *similarities(images, patterns))
    return FeatureStore(folder)


def segments(folder):
    return sorted(Path(folder).glob("*/*.npz"))


def assert_knows(session, images, patterns, expected):
    """Check what is known, to the last bit, and that the rest is NaN and -1."""
    scores, boxes, known = session.read(images)
    right_scores, right_boxes = similarities(images, patterns)
    assert (scores.dtype, boxes.dtype, known.dtype) == (np.float64, np.int32, np.bool_)
    assert np.array_equal(known, np.broadcast_to(expected, known.shape))
    assert np.array_equal(scores, np.where(known, right_scores, np.nan), equal_nan=True)
    assert np.array_equal(boxes, np.where(known[..., None], right_boxes, -1))


# what is known


def test_what_was_added_is_read_back_to_the_last_bit(tmp_path):
    store = filled(tmp_path / "a" / "features")
    session = store.open(SETTINGS, PATTERNS)
    assert_knows(session, IMAGES, PATTERNS, expected=True)
    assert_knows(session, IMAGES[::-3], PATTERNS, expected=True)
    assert_knows(store.open(SETTINGS, PATTERNS[::-1]), [IMAGES[3]] * 2, PATTERNS[::-1], expected=True)
    odd = [[-0.0, 5e-324, np.nextafter(1, 2), -1e300, np.inf, 0.1 + 0.2]]
    with store.open({}, PATTERNS) as session:
        session.add(IMAGES[:1], range(6), odd, np.full((1, 6, 4), -1))
    assert store.open({}, PATTERNS).read(IMAGES[:1])[0].tobytes() == np.array(odd).tobytes()


def test_an_empty_store_knows_nothing_and_makes_no_folder(tmp_path):
    with FeatureStore(tmp_path / "features").open(SETTINGS, PATTERNS) as session:
        assert_knows(session, IMAGES, PATTERNS, expected=False)
        session.add([], range(6), np.empty((0, 6)), np.empty((0, 6, 4)))
        assert [part.shape for part in session.read([])] == [(0, 6), (0, 6, 4), (0, 6)]
    assert not (tmp_path / "features").exists()


def test_exactly_the_new_pairs_are_unknown(tmp_path):
    store = filled(tmp_path, IMAGES[:10], PATTERNS[:4])
    expected = np.zeros((20, 6), bool)
    expected[:10, :4] = True
    with store.open(SETTINGS, PATTERNS) as session:
        assert_knows(session, IMAGES, PATTERNS, expected)
        put(session, IMAGES[5:15], [5, 1])
        expected[5:15, [5, 1]] = True
        assert_knows(session, IMAGES, PATTERNS, expected)
    assert_knows(store.open(SETTINGS, PATTERNS), IMAGES, PATTERNS, expected)
    assert_knows(store.open(SETTINGS, PATTERNS[4:]), IMAGES, PATTERNS[4:], expected[:, 4:])


def test_what_is_added_is_known_at_once_written_or_not(tmp_path):
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    put(session, IMAGES[:5], range(6))
    expected = np.arange(20)[:, None] < 5
    assert_knows(session, IMAGES, PATTERNS, expected)
    assert segments(tmp_path) == []
    session.flush()
    assert_knows(session, IMAGES, PATTERNS, expected)
    session.flush()
    assert len(segments(tmp_path)) == 1


def test_the_caller_may_use_its_arrays_again(tmp_path):
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    scores, boxes = similarities(IMAGES, PATTERNS)
    session.add(IMAGES, range(6), scores, boxes)
    scores[:] = boxes[:] = 7
    assert_knows(session, IMAGES, PATTERNS, expected=True)


def test_a_pattern_may_occur_several_times(tmp_path):
    patterns = [PATTERNS[0], PATTERNS[1], PATTERNS[0]]
    session = FeatureStore(tmp_path).open(SETTINGS, patterns)
    session.add(IMAGES, [2], *similarities(IMAGES, patterns[2:]))
    for _ in range(2):
        assert_knows(session, IMAGES, patterns, [True, False, True])
        session.flush()
    assert_knows(FeatureStore(tmp_path).open(SETTINGS, patterns), IMAGES, patterns, [True, False, True])
    filled(tmp_path, IMAGES, patterns)
    assert_knows(FeatureStore(tmp_path).open(SETTINGS, patterns), IMAGES, patterns, expected=True)


def test_other_parameters_never_share_anything(tmp_path):
    store = FeatureStore(tmp_path)
    several = [
        {},
        {"a": 1},
        {"a": 1.5},
        {"a": "1"},
        {"a": True},
        {"b": 1},
        {"a": 1, "b": 1},
        {"a": "1, b: 1"},
    ]
    for i, parameters in enumerate(several):
        with store.open(parameters, PATTERNS[:1]) as session:
            assert not session.read(IMAGES)[2].any()
            session.add(IMAGES[:1], [0], [[i]], np.full((1, 1, 4), i))
    for i, parameters in enumerate(several):
        assert store.open(parameters, PATTERNS[:1]).read(IMAGES[:1])[0] == i
    turned = store.open({"b": 1, "a": 1}, PATTERNS[:1])  # the order in which they are named is no difference
    assert turned.read(IMAGES[:1])[0] == 6


def test_digests_that_differ_in_one_bit_are_never_confused(tmp_path):
    store = filled(tmp_path)
    others = [bytes([*image[:15], image[15] ^ 1]) for image in IMAGES]
    assert_knows(store.open(SETTINGS, PATTERNS), others, PATTERNS, expected=False)
    zeros = [b"\0" * 16, b"\0" * 15 + b"\1", b"\1" + b"\0" * 15]
    filled(tmp_path, zeros[:1], zeros[1:])
    expected = [[False, True], [False] * 2, [False] * 2]
    assert_knows(store.open(SETTINGS, zeros[:2]), zeros, zeros[:2], expected)


def test_parameters_can_be_read_by_people(tmp_path):
    filled(tmp_path)
    [described] = tmp_path.glob("*/parameters.json")
    assert json.loads(described.read_text()) == {"format": 1, "parameters": SETTINGS}
    assert len(described.read_text().splitlines()) > 3


def test_a_store_is_a_plain_value_that_survives_a_change_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = copy.deepcopy(FeatureStore("features"))
    monkeypatch.chdir("/")
    assert store.folder == tmp_path / "features"
    assert repr(store) == f"FeatureStore('{tmp_path / 'features'}')"


# when it is written


def test_leaving_a_session_writes_also_when_an_exception_ends_it(tmp_path):
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)

    def interrupted():
        with session:
            put(session, IMAGES, range(6))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert_knows(FeatureStore(tmp_path).open(SETTINGS, PATTERNS), IMAGES, PATTERNS, expected=True)


def test_a_second_or_half_a_percent_of_the_time_is_at_stake_and_no_more(tmp_path, monkeypatch):
    now = 0.0
    monkeypatch.setattr(feature_session, "monotonic", lambda: now)
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS[:1])
    images = digests("later", range(8_000))
    unsaved_since, step = 0.0, 0.25
    for image in images:
        now += step
        put(session, [image], [0])
        if not session._unsaved:
            assert now - unsaved_since > max(1, 0.005 * now)
            unsaved_since = now
        assert now - unsaved_since <= max(1, 0.005 * now) + step
    # a file in 1.25 s for 250 s, then each time half a percent later: log(2000 / 250) / log(1.005) files
    assert 500 < len(segments(tmp_path)) < 200 + 420


def test_what_waits_in_memory_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_session, "_MAX_UNSAVED", 50_000)
    monkeypatch.setattr(feature_session, "_MAX_LOADED", 50_000)
    images = digests("image", range(2000))
    with FeatureStore(tmp_path).open(SETTINGS, PATTERNS) as session:
        for start in range(0, 2000, 10):
            put(session, images[start : start + 10], range(6))
            assert session._unsaved_bytes <= 50_000
    assert len(segments(tmp_path)) >= 20
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    assert_knows(session, images, PATTERNS, expected=True)
    assert len(session._loaded) == 1


def test_a_file_is_read_once_by_reads_in_the_order_of_writes(tmp_path, monkeypatch):
    with FeatureStore(tmp_path).open(SETTINGS, PATTERNS) as session:
        for start in range(0, 20, 5):
            put(session, IMAGES[start : start + 5], range(6))
            session.flush()
    monkeypatch.setattr(feature_session, "_MAX_LOADED", 1)
    loads = []

    def counted(path, read=feature_session.read_features):
        loads.append(path)
        return read(path)

    monkeypatch.setattr(feature_session, "read_features", counted)
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    assert loads == []
    for image in IMAGES:
        assert_knows(session, [image], PATTERNS, expected=True)
    assert sorted(loads) == segments(tmp_path)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda s: s.add(IMAGES, [0], np.zeros((20, 2)), np.zeros((20, 2, 4))),
            r"scores \(20, 2\) .* \(20, 1\)",
        ),
        (
            lambda s: s.add(IMAGES, [0], np.zeros((20, 1)), np.zeros((20, 4))),
            r"boxes \(20, 4\) do not fit 20",
        ),
        (lambda s: s.add(IMAGES[:1], [0], [[np.nan]], np.zeros((1, 1, 4))), "scores hold NaN; leave out"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, call, sentence):
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    with pytest.raises(ValueError, match=sentence):
        call(session)
    assert_knows(session, IMAGES, PATTERNS, expected=False)


# damage


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def flip_a_score(path):
    content = bytearray(path.read_bytes())
    content[content.index(np.load(path)["scores"][2].tobytes())] ^= 1
    path.write_bytes(content)


def rewrite(path, **changed):
    with np.load(path) as content:
        arrays = {**content, **changed}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def objects(path):
    trap = np.empty((20, 6), object)
    trap[:] = Trap(path.parent.parent / "trap")
    return trap


def as_npy(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


DAMAGE = {
    "truncated": truncate,
    "flipped": flip_a_score,
    "garbage": lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)),
    "zip of nothing": lambda path: path.write_bytes(b"PK\5\6" + bytes(18)),
    "empty": lambda path: path.write_bytes(b""),
    "an array": as_npy,
    "text": lambda path: path.write_text("hello"),
    "no boxes": lambda path: rewrite(path, boxes=None),
    "more": lambda path: rewrite(path, more=np.zeros(3)),
    "other dtype": lambda path: rewrite(path, scores=np.zeros((20, 6), np.float32)),
    "other shape": lambda path: rewrite(path, boxes=np.zeros((20, 6, 2), np.int32)),
    "fewer rows": lambda path: rewrite(path, scores=np.zeros((19, 6))),
    "other digests": lambda path: rewrite(path, images=np.zeros((20, 8), np.uint8)),
    "digests of one dimension": lambda path: rewrite(path, patterns=np.zeros(16, np.uint8)),
    "a number": lambda path: rewrite(path, patterns=np.uint8(3)),
    "objects in images": lambda path: rewrite(path, images=objects(path)),
    "objects in scores": lambda path: rewrite(path, scores=objects(path)),
    "pickle": lambda path: path.write_bytes(objects(path).dumps()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_once_put_aside_and_computed_again(tmp_path, damage):
    filled(tmp_path)
    [path] = segments(tmp_path)
    others = digests("other", range(3))
    filled(tmp_path, others)
    DAMAGE[damage](path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
        for _ in range(2):
            assert_knows(session, IMAGES, PATTERNS, expected=False)
            assert_knows(session, others, PATTERNS, expected=True)
    assert [warning.category for warning in caught] == [DamagedFeaturesWarning]
    assert f"'{path}' is damaged" in str(caught[0].message)
    assert path.with_name(path.name + ".damaged").exists()
    with session:
        put(session, IMAGES, range(6))
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    assert_knows(session, IMAGES + others, PATTERNS, expected=True)
    assert not (tmp_path / "trap").exists()


@pytest.fixture
def unchecked_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.usefixtures("unchecked_warnings")
@pytest.mark.parametrize("damage", ["flipped", "cut off"])
def test_wherever_a_file_is_damaged_no_wrong_number_comes_out(tmp_path, damage):
    filled(tmp_path, IMAGES[:2], PATTERNS[:2])
    [path] = segments(tmp_path)
    whole = path.read_bytes()
    with np.load(path) as content:
        numbers = [array.tobytes() for array in content.values()]
    unseen = set()
    for place in range(len(whole)):
        flipped = whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :]
        path.write_bytes(flipped if damage == "flipped" else whole[:place])
        session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS[:2])
        known = session.read(IMAGES[:2])[2]
        assert_knows(session, IMAGES[:2], PATTERNS[:2], known)
        if known.any():
            assert known.all()
            unseen.add(place)
    if damage == "flipped":  # the date of a zip's member, for instance, may be any
        unseen -= set(range(len(whole))) - {whole.index(n) + i for n in numbers for i in range(len(n))}
    assert unseen == set()


def test_a_file_that_vanishes_is_unknown(tmp_path):
    filled(tmp_path)
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    segments(tmp_path)[0].unlink()
    assert_knows(session, IMAGES, PATTERNS, expected=False)


def test_the_same_pairs_in_several_files_do_no_harm(tmp_path):
    filled(tmp_path)
    filled(tmp_path)
    first, second = segments(tmp_path)
    flip_a_score(first)
    with pytest.warns(DamagedFeaturesWarning, match=first.name):
        assert_knows(FeatureStore(tmp_path).open(SETTINGS, PATTERNS), IMAGES, PATTERNS, expected=True)
    assert second.exists()


def test_what_killed_writers_left_is_ignored_and_removed_a_day_later(tmp_path):
    filled(tmp_path)
    [path] = segments(tmp_path)
    old, new = (path.with_name(name) for name in ("1.tmp", "2.tmp"))
    for temporary in (old, new):
        temporary.write_bytes(path.read_bytes()[:100])
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    assert_knows(FeatureStore(tmp_path).open(SETTINGS, PATTERNS), IMAGES, PATTERNS, expected=True)
    assert not old.exists()
    assert new.exists()


# places that cannot be used


def test_a_store_that_is_a_file_gets_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=r"file' is a file; give the store a folder of its own"):
        FeatureStore(tmp_path / "file").open(SETTINGS, PATTERNS)
    session = FeatureStore(tmp_path / "file" / "below").open(SETTINGS, PATTERNS)
    put(session, IMAGES, range(6))
    with pytest.raises(OSError, match=r"cannot write features to '.*below.*Not a directory.*another folder"):
        session.flush()
    (tmp_path / "file").unlink()
    session.flush()  # nothing was lost
    below = FeatureStore(tmp_path / "file" / "below")
    assert_knows(below.open(SETTINGS, PATTERNS), IMAGES, PATTERNS, expected=True)


def test_a_store_that_was_removed_meanwhile_is_made_again(tmp_path):
    store = filled(tmp_path / "features")
    session = store.open(SETTINGS, PATTERNS)
    (tmp_path / "features").rename(tmp_path / "gone")
    put(session, IMAGES[:1], range(6))
    session.flush()
    assert_knows(store.open(SETTINGS, PATTERNS), IMAGES[:1], PATTERNS, expected=True)
    assert len(list(tmp_path.glob("features/*/parameters.json"))) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="asks as another user")
def test_a_store_without_permission_can_be_read_but_not_written(tmp_path):
    filled(tmp_path / "features")
    [path] = segments(tmp_path / "features")
    path.chmod(0o644)
    for folder in (tmp_path / "features", tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    path.parent.chmod(0o555)
    # root may write everything: ask as somebody else, with all modules loaded while still root
    code = (
        "import ast, encodings.cp437, os, sys, zipfile\n"
        "from ig_widgets.compute.matching.store.feature_store import FeatureStore\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "image, pattern = map(bytes.fromhex, sys.argv[2:])\n"
        f"session = FeatureStore(sys.argv[1]).open({SETTINGS}, [pattern])\n"
        "print(session.read([image])[2].all())\n"
        "session.add([image], [0], [[1]], [[[0, 0, 1, 1]]])\n"
        "try: session.flush()\n"
        "except OSError as error: print(error)\n"
    )

    def ask():
        arguments = [sys.executable, "-c", code, tmp_path / "features", IMAGES[0].hex(), PATTERNS[0].hex()]
        return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)

    known, sentence = ask().stdout.splitlines()
    path.chmod(0)
    shut = ask()
    path.parent.chmod(0o755)
    assert known == "True"
    assert sentence.startswith(f"cannot write features to '{path.parent}' (Permission denied); make room")
    assert f"cannot read features from '{path}' (Permission denied); change its mode" in shut.stderr


# several at once, and killed ones


def start_writer(folder, first, last):
    paths = os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, __file__, folder, str(first), str(last)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )


def write_chunks(folder, first, last):
    """Work through chunks of 100 images, saying which is on disk; chunks that are known are passed over."""
    patterns = digests("pattern", range(WRITER_PATTERNS))
    with FeatureStore(folder).open(SETTINGS, patterns) as session:
        for chunk in range(first, last):
            images = digests("image", range(100 * chunk, 100 * chunk + 100))
            if not session.read(images)[2].all():
                session.add(images, range(WRITER_PATTERNS), *similarities(images, patterns))
                session.flush()
                print(chunk, flush=True)  # noqa: T201


def test_killed_writers_lose_and_repeat_nothing_that_was_written(tmp_path):
    n, kills, said = 200, 0, []
    rng = np.random.default_rng(0)
    while True:
        writer = start_writer(tmp_path, 0, n)
        if kills < 5:
            said += [int(writer.stdout.readline()) for _ in range(10)]
            time.sleep(rng.uniform(0, 0.05))
            writer.kill()
            kills += 1
        out, errors = writer.communicate(timeout=60)
        said += map(int, out.split())
        assert errors == ""
        if writer.returncode == 0:
            break
    assert len(said) == len(set(said))
    assert n - kills <= len(said) <= n  # a writer may die between the disk and its answer
    assert max(said) > 50
    patterns = digests("pattern", range(WRITER_PATTERNS))
    images = digests("image", range(100 * n))
    session = FeatureStore(tmp_path).open(SETTINGS, patterns)
    for start in range(0, len(images), 1000):
        assert_knows(session, images[start : start + 1000], patterns, expected=True)
    assert len(segments(tmp_path)) == n


def test_two_processes_may_write_at_once(tmp_path):
    writers = [start_writer(tmp_path, first, first + 60) for first in (0, 30)]
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == ""
        assert writer.returncode == 0
    patterns = digests("pattern", range(WRITER_PATTERNS))
    images = digests("image", range(9000))
    assert_knows(FeatureStore(tmp_path).open(SETTINGS, patterns), images, patterns, expected=True)
    assert list(tmp_path.glob("*/*.tmp")) == []


def test_threads_may_share_a_session(tmp_path):
    images = digests("image", range(400))
    session = FeatureStore(tmp_path).open(SETTINGS, PATTERNS)
    wrong = []

    def work(mine):
        try:
            for image in mine:
                put(session, [image], range(6))
                session.flush()
                assert_knows(session, [image], PATTERNS, expected=True)
        except Exception as error:  # noqa: BLE001 - the main thread looks at it
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(images[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert wrong == []
    assert_knows(FeatureStore(tmp_path).open(SETTINGS, PATTERNS), images, PATTERNS, expected=True)


if __name__ == "__main__":
    write_chunks(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
