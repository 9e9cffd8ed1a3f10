from ig_widgets.experiments import busy
from ig_widgets.experiments.__main__ import main


def test_every_step_is_timed_alone_and_beside_loops(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(busy, "STEPS", {"cross_validated_proba": busy.STEPS["cross_validated_proba"]})
    assert main(["busy", "--quick", "--seeds", "1", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "cross_validated_proba, quiet" in out
    assert "cross_validated_proba, busy" in out
    assert "cpu_seconds" in out


def test_no_loop_outlives_its_measurement(monkeypatch):
    started = []
    popen = busy.subprocess.Popen

    def start(*args, **settings):
        started.append(popen(*args, **settings))
        return started[-1]

    monkeypatch.setattr(busy.subprocess, "Popen", start)
    with busy.busy_loops(2):
        assert [process.poll() for process in started] == [None, None]
    assert len(started) == 2
    assert all(process.returncode for process in started)  # killed, and waited for
