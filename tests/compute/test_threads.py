import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from ig_widgets.compute import threads as module
from ig_widgets.compute.threads import (
    _free_between,
    _Meter,
    _Sample,
    free_cores,
    threads,
    usable_cores,
)


def counts():
    """Return what every library in this thread may start, by file, and torch by name."""
    return {info["filepath"]: info["num_threads"] for info in threadpool_info()} | {
        "torch": torch.get_num_threads()
    }


@pytest.fixture
def two_threads():
    """Let torch have two threads, as on the smallest machine where limits make a difference."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def four_free(monkeypatch):
    monkeypatch.setattr(module._meter, "free", lambda: 4)


def in_a_new_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(60)
    return results[0]


def sample(at=0.0, idle=0.0, total=0.0, own=0.0, group=None):
    return _Sample(at, idle, total, own, group)


@given(
    cores=st.integers(1, 64),
    others=st.floats(0, 64),
    own=st.floats(0, 64),
    seconds=st.floats(0.05, 5),
    usable=st.integers(1, 64),
)
def test_what_this_process_uses_does_not_make_the_machine_busy(cores, others, own, seconds, usable):
    others, usable = min(others, cores), min(usable, cores)
    own = min(own, cores - others)
    idle = (cores - others - own) * seconds
    free = _free_between(sample(), sample(seconds, idle, cores * seconds, own * seconds), usable)
    assert 1 <= free <= usable
    assert free == max(1, min(usable, round(cores - others))) or abs((cores - others) % 1 - 0.5) < 1e-6


def test_what_a_container_may_use_is_shared_with_its_other_processes():
    # a machine of 32 cores that are all idle; the container may use 4, and a neighbor in it uses 3
    first = sample(group=10.0)
    last = sample(2.0, idle=2 * 28.0, total=2 * 32.0, own=2 * 1.0, group=10.0 + 2 * 4.0)
    assert _free_between(first, last, 4) == 1
    assert _free_between(first, last._replace(group=10.0 + 2 * 1.0), 4) == 4


def test_a_system_that_tells_nothing_counts_as_idle():
    assert _free_between(sample(), sample(at=1.0), 8) == 8


@pytest.mark.parametrize(
    ("name", "text", "seconds"),
    [("cpu.stat", "usage_usec 2500000\nuser_usec 2000000\n", 2.5), ("cpuacct.usage", "2500000000\n", 2.5)],
)
def test_the_use_of_a_container_is_read_from_either_version_of_control_groups(
    tmp_path, monkeypatch, name, text, seconds
):
    (tmp_path / name).write_text(text)
    files = [(tmp_path / path.name, unit) for path, unit in module._GROUP_USE]
    monkeypatch.setattr(module, "_GROUP_USE", files)
    assert module._group_use() == pytest.approx(seconds)
    (tmp_path / name).unlink()
    assert module._group_use() is None


def test_no_core_is_free_beside_as_many_busy_processes_but_one_is_given():
    meter, busy = _Meter(), []
    try:
        for _ in range(usable_cores()):
            loop = "print(flush=True)\nwhile True: pass"
            busy.append(subprocess.Popen([sys.executable, "-c", loop], stdout=subprocess.PIPE))
        for process in busy:
            process.stdout.readline()  # it runs
        meter.free()
        deadline = time.monotonic() + 60
        while meter.free() > 1 and time.monotonic() < deadline:
            meter._last = None  # look anew
        assert meter.free() == 1
    finally:
        for process in busy:
            process.kill()
            process.communicate()


def test_a_meter_waits_once_and_then_looks_back(monkeypatch):
    waits, clock = [], SimpleNamespace(now=100.0)

    def sleep(seconds):
        waits.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))
    monkeypatch.setattr(module, "usable_cores", lambda: 3)
    # two of three cores are idle
    monkeypatch.setattr(module, "_sample", lambda: sample(clock.now, 2 * clock.now, 3 * clock.now, 0.0))
    meter = _Meter()
    free = []
    for pause in (0.0, 0.001, 1.0, 4.0, 60.0):
        clock.now += pause
        free.append(meter.free())
    assert free == [2] * 5
    assert waits == [module._WINDOW] * 2  # at first, and after a minute in which anything may have happened


@pytest.mark.usefixtures("two_threads")
def test_limits_hold_inside_and_are_gone_afterwards():
    before = counts()
    with threads(1) as n:
        assert n == 1
        assert set(counts().values()) == {1}
        assert in_a_new_thread(torch.get_num_threads) == 1
    assert counts() == before
    assert in_a_new_thread(torch.get_num_threads) == 2
    with pytest.raises(RuntimeError, match="the step fails"), threads(1):
        raise RuntimeError("the step fails")
    assert counts() == before


@pytest.mark.usefixtures("two_threads")
def test_blas_has_one_thread_whatever_else_has_more():
    with threads(2):
        assert {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"} == {1}
        assert torch.get_num_threads() == 2


def test_a_limit_is_never_raised():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threads(64):
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_a_nested_step_shares_the_threads_of_the_outer_one():
    with threads(2):
        assert free_cores() == 2
        with threads(1) as inner:
            assert (inner, free_cores(), torch.get_num_threads()) == (1, 1, 1)
            with threads(8) as innermost:
                assert (innermost, torch.get_num_threads()) == (1, 1)
        assert (free_cores(), torch.get_num_threads()) == (2, 2)


@pytest.mark.usefixtures("four_free")
def test_a_step_leaves_out_the_cores_of_steps_in_other_threads():
    assert free_cores() == 4
    with threads(3):
        assert in_a_new_thread(free_cores) == 1
        with threads(2):
            assert in_a_new_thread(free_cores) == 1
    assert in_a_new_thread(free_cores) == 4


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("first_ends_first", [True, False])
def test_overlapping_steps_put_back_what_was_set_before_both(first_ends_first):
    before = counts()
    entered, may_leave = [threading.Event() for _ in "ab"], [threading.Event() for _ in "ab"]
    inside, after = {}, {}

    def step(number, n):
        with threads(n):
            inside[number] = torch.get_num_threads()
            entered[number].set()
            may_leave[number].wait(60)
        after[number] = torch.get_num_threads()

    steps = [threading.Thread(target=step, args=(number, n)) for number, n in enumerate((1, 2))]
    for thread, event in zip(steps, entered, strict=True):
        thread.start()
        event.wait(60)
    assert inside == {0: 1, 1: 2}
    for number in (0, 1) if first_ends_first else (1, 0):
        may_leave[number].set()
        steps[number].join(60)
    assert after == {0: 2, 1: 2}
    assert counts() == before
    assert in_a_new_thread(torch.get_num_threads) == 2


def test_nothing_else_in_the_package_sets_numbers_of_threads():
    package = Path(module.__file__).parents[1]
    sets = re.compile(r"set_num_threads|threadpool_limits|setNumThreads")
    assert [path.name for path in package.rglob("*.py") if sets.search(path.read_text())] == ["threads.py"]
