import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from joblib import parallel_config
from PIL import Image

from ig_widgets.compute.matching.matcher import PatternMatcher
from ig_widgets.compute.matching.store.feature_store import DamagedFeaturesWarning, FeatureStore
from ig_widgets.compute.matching.tasks import tasks
from ig_widgets.data.errors import UnreadableImageWarning
from ig_widgets.data.images import ImageSet


def smooth(shape, seed=0):
    blurred = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=shape), (0, 0), 2)
    return cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


IMAGES = [smooth((60, 70), seed) for seed in range(8)]
PATTERNS = [smooth((20, 15), seed) for seed in range(20, 24)]


@pytest.fixture
def matched(monkeypatch):
    """Pairs of the tasks that matchers have done since, and a way to forget them."""
    done = []

    def watched(*arguments):
        for task in tasks(*arguments):
            done.extend((row, j) for row in task.rows for j in task.patterns)
            yield task

    monkeypatch.setattr("ig_widgets.compute.matching.matcher.tasks", watched)
    return done


def saved(folder, images):
    folder.mkdir(exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i}.png")
    return ImageSet.from_folder(folder)


@pytest.mark.parametrize("kind", ["list", "files", "held"])
def test_only_new_pairs_are_computed(kind, tmp_path, matched):
    sets = {
        "list": lambda images: images,
        "files": lambda images: saved(tmp_path / "images", images),
        "held": ImageSet.from_arrays,
    }
    images, store = sets[kind], tmp_path / "store"

    def locate(n_images, patterns):
        matched.clear()
        return PatternMatcher(patterns, store=store).fit().locate(images(IMAGES[:n_images]))

    plain = PatternMatcher(PATTERNS).fit().locate(IMAGES)
    locate(5, PATTERNS[:3])
    assert len(matched) == 15
    again = locate(5, PATTERNS[:3])
    assert matched == []
    more_images = locate(8, PATTERNS[:3])
    assert sorted(matched) == [(i, j) for i in range(5, 8) for j in range(3)]
    more_patterns = locate(8, PATTERNS[::-1])
    assert sorted(matched) == [(i, 0) for i in range(8)]
    for found, rows, columns in (
        (again, slice(5), [0, 1, 2]),
        (more_images, slice(8), [0, 1, 2]),
        (more_patterns, slice(8), [3, 2, 1, 0]),
    ):
        assert np.array_equal(found[0], plain[0][rows][:, columns])
        assert np.array_equal(found[1], plain[1][rows][:, columns])


@pytest.mark.parametrize(
    "setting",
    [
        {"search": "full"},
        {"signed": True},
        {"color": "luminance"},
        {"oversized": "shrink"},
        {"scores": "uncentered"},
    ],
    ids=str,
)
def test_other_settings_are_computed_anew(setting, tmp_path, matched):
    PatternMatcher(PATTERNS, store=tmp_path).fit_transform(IMAGES)
    matched.clear()
    X = PatternMatcher(PATTERNS, store=tmp_path, **setting).fit_transform(IMAGES)
    assert len(matched) == 32
    assert np.array_equal(X, PatternMatcher(PATTERNS, **setting).fit_transform(IMAGES))


def test_both_scores_share_what_is_known_of_one(tmp_path, matched):
    for scores in ("centered", "uncentered"):
        PatternMatcher(PATTERNS, scores=scores, store=tmp_path).fit_transform(IMAGES)
    matched.clear()
    both = PatternMatcher(PATTERNS, scores="both", store=tmp_path).fit_transform(IMAGES)
    assert matched == []
    assert np.array_equal(both, PatternMatcher(PATTERNS, scores="both").fit_transform(IMAGES))


def test_an_image_overwritten_in_its_file_is_computed_anew(tmp_path, matched):
    images = saved(tmp_path / "images", IMAGES[:3])
    matcher = PatternMatcher(PATTERNS, store=tmp_path / "store").fit()
    matcher.transform(images)
    Image.fromarray(IMAGES[7]).save(tmp_path / "images" / "1.png")
    matched.clear()
    X = matcher.transform(images)
    assert {row for row, _ in matched} == {1}
    assert np.array_equal(X[1], PatternMatcher(PATTERNS).fit_transform([IMAGES[7]])[0])


def test_an_image_that_cannot_be_read_is_not_remembered_as_such(tmp_path):
    images = saved(tmp_path / "images", IMAGES[:3])
    file = tmp_path / "images" / "1.png"
    content = file.read_bytes()
    matcher = PatternMatcher(PATTERNS, store=tmp_path / "store").fit()
    file.write_bytes(content[:100])
    with pytest.warns(UnreadableImageWarning):
        assert np.isnan(matcher.transform(images)).all(axis=1).tolist() == [False, True, False]
    file.write_bytes(content)
    assert np.array_equal(matcher.transform(images), PatternMatcher(PATTERNS).fit_transform(IMAGES[:3]))


def test_a_damaged_file_is_computed_anew_with_a_warning(tmp_path, matched):
    matcher = PatternMatcher(PATTERNS, store=FeatureStore(tmp_path)).fit()
    expected = matcher.transform(IMAGES)
    (segment,) = tmp_path.rglob("*.npz")
    segment.write_bytes(segment.read_bytes()[:-50])
    matched.clear()
    with pytest.warns(DamagedFeaturesWarning, match=segment.name):
        assert np.array_equal(matcher.transform(IMAGES), expected)
    assert len(matched) == 32


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_every_backend_of_joblib_gives_the_same(backend, tmp_path):
    matcher = PatternMatcher(PATTERNS, scores="both").fit()
    expected = matcher.locate(IMAGES)
    with parallel_config(backend=backend, n_jobs=2):
        found = PatternMatcher(PATTERNS, scores="both", store=tmp_path).fit().locate(IMAGES)
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a, b)


def test_settings_changed_after_fit_wait_for_the_next_fit(tmp_path):
    large = [smooth((80, 90), 30)]
    matcher = PatternMatcher(large, store=tmp_path).fit()
    matcher.set_params(oversized="shrink", scores="both", color="luminance", search="full", signed=True)
    assert matcher.transform(IMAGES).max() == 0
    assert matcher.get_feature_names_out().tolist() == ["pattern0"]
    settings = {"oversized": "shrink", "scores": "both", "color": "luminance", "search": "full"}
    stored, plain = (PatternMatcher(large, signed=True, store=s, **settings) for s in (tmp_path, None))
    assert np.array_equal(stored.fit_transform(IMAGES), plain.fit_transform(IMAGES))


def test_a_file_that_changes_while_it_is_read_is_not_stored(tmp_path, monkeypatch):
    images = saved(tmp_path / "images", IMAGES[:2])
    file = tmp_path / "images" / "0.png"
    before = file.read_bytes()
    digest = ImageSet.digest

    def digest_and_change(self, i):
        found = digest(self, i)
        Image.fromarray(IMAGES[5]).save(file)
        return found

    matcher = PatternMatcher(PATTERNS, store=tmp_path / "store").fit()
    with monkeypatch.context() as patched:
        patched.setattr(ImageSet, "digest", digest_and_change)
        matcher.transform(images)
    file.write_bytes(before)
    assert np.array_equal(matcher.transform(images), PatternMatcher(PATTERNS).fit_transform(IMAGES[:2]))


def test_a_file_without_a_digest_that_can_be_read_after_all_is_matched(tmp_path, monkeypatch):
    images = saved(tmp_path / "images", IMAGES[:2])

    def away(*_):
        raise OSError("the network is away")

    with monkeypatch.context() as patched:
        patched.setattr(ImageSet, "digest", away)
        X = PatternMatcher(PATTERNS, store=tmp_path / "store").fit_transform(images)
    assert np.array_equal(X, PatternMatcher(PATTERNS).fit_transform(IMAGES[:2]))


FAILING = """
import numpy as np
from ig_widgets.compute.matching.matcher import PatternMatcher

class Images:
    def __len__(self):
        return 400
    def __getitem__(self, i):
        if i == 300:
            raise OSError("the disk is gone")
        return np.random.default_rng(i).integers(0, 256, (200, 300), dtype=np.uint8)

patterns = [np.random.default_rng(j).integers(0, 256, (30, 40), dtype=np.uint8) for j in range(20)]
try:
    PatternMatcher(patterns, n_jobs=2).fit_transform(Images())
except OSError as error:
    print(error)
"""


def test_an_error_ends_the_work_of_all_threads():
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", FAILING], capture_output=True, text=True, check=False
    )
    assert finished.stdout == "the disk is gone\n"
    assert finished.returncode == 0, finished.stderr


KILLED = """
import sys, time
import numpy as np
from ig_widgets.compute.matching.matcher import PatternMatcher
import ig_widgets.compute.matching.store.feature_session as session

class Images:
    def __len__(self):
        return 4000
    def __getitem__(self, i):
        if i == 4000:
            raise IndexError
        print(i, flush=True)
        return np.random.default_rng(i).integers(0, 256, (40, 40), dtype=np.uint8)

patterns = [np.random.default_rng(-1 % 2**32 - j).integers(0, 256, (9, 9), dtype=np.uint8) for j in range(50)]
X = PatternMatcher(patterns, store=sys.argv[1]).fit_transform(Images())
np.save(sys.argv[2], X)
"""


def test_a_killed_run_is_taken_up_where_it_was(tmp_path):
    def start(store):
        command = [sys.executable, "-c", KILLED, str(tmp_path / store), str(tmp_path / f"{store}.npy")]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)

    killed = start("killed")
    while not list((tmp_path / "killed").rglob("*.npz")):
        assert killed.poll() is None
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert start("killed").wait() == 0
    assert start("undisturbed").wait() == 0
    assert np.array_equal(np.load(tmp_path / "killed.npy"), np.load(tmp_path / "undisturbed.npy"))
