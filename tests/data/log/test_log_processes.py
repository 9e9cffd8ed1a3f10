"""Several processes at one log: nothing that was acknowledged is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ig_widgets.data.log.log import AnnotationLog

SCRIPT = Path(__file__).with_name("log_processes.py")
REPO = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the helper processes are started by fork")


def run(task, where, n):
    paths = os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, SCRIPT, task, where, str(n)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def test_processes_that_open_a_new_file_at_once_share_one_log(tmp_path):
    ids = run("open_at_once", tmp_path / "a.db", 12)
    with AnnotationLog(tmp_path / "a.db") as log:
        assert ids == [[log.id]] * 12
        assert sorted(log.annotations["annotator"]) == sorted(f"p{i}" for i in range(12))


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    keys = run("write_at_once", tmp_path / "a.db", 6)
    with AnnotationLog(tmp_path / "a.db") as log:
        assert sorted(log.annotations.index) == sorted(key for said in keys for key in said)
        for i, said in enumerate(keys):
            assert log.current(annotator=f"p{i}").index.tolist() == said


def test_processes_that_undo_at_once_never_undo_the_same_action(tmp_path):
    with AnnotationLog(tmp_path / "a.db") as log:
        for i in range(50):
            log.append([{"image": f"{i}.png"}], annotator="ada")
        undone = run("undo_at_once", log.where, 4)
        assert sorted(int(name.removesuffix(".png")) for said in undone for name in said) == list(
            range(10, 50)
        )
        assert log.annotations["image"].tolist() == [f"{i}.png" for i in range(10)]


def test_a_log_survives_forks_amid_writing_and_children_that_outlive_their_parent(tmp_path):
    assert run("fork_while_open", tmp_path / "a.db", 8) == [0] * 8
    with AnnotationLog(tmp_path / "a.db") as log:
        for i in range(8):
            assert log.current(annotator=f"p{i}")["image"].tolist() == ["before.png", "after.png"]
        assert len(log.current(annotator="parent")) > 0


@pytest.mark.slow
def test_two_hundred_processes_killed_while_writing_lose_no_acknowledged_statement(tmp_path):
    acknowledged = run("kill_while_writing", tmp_path / "a.db", 200)
    assert len(acknowledged) == 200
    assert sum(len(keys) > 0 for keys in acknowledged) > 100, (
        "most writers should be killed amid their writing"
    )
    with AnnotationLog(tmp_path / "a.db") as log:
        kept = log.annotations
        assert {key for keys in acknowledged for key in keys} <= set(kept.index)
        # a writer can die between the disk and its answer: one call of three statements at most
        assert len(kept) <= sum(map(len, acknowledged)) + 3 * 200
        log.append([{"image": "later.png"}], annotator="bob")
        assert log.current("later.png")["annotator"].tolist() == ["bob"]
