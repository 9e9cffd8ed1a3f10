import json

import numpy as np
import pytest

from ig_widgets.experiments import review_errors
from ig_widgets.experiments.__main__ import main


@pytest.fixture
def small_sets(small_neu):
    """The folder of `small_neu` with digits that are bars of ten directions."""
    rng = np.random.default_rng(0)

    def digits(n):
        y = np.arange(n) % 10
        lines = np.zeros((n, 28, 28), np.uint8)
        for image, digit in zip(lines, y, strict=True):
            angle = np.pi * digit / 10
            along = np.linspace(-10, 10, 60)
            image[(14 + along * np.sin(angle)).astype(int), (14 + along * np.cos(angle)).astype(int)] = 255
        return np.clip(lines + rng.normal(0, 8, lines.shape), 0, 255).astype(np.uint8), y

    (x_train, y_train), (x_test, y_test) = digits(400), digits(200)
    given = y_test.copy()
    given[:10] = (given[:10] + 1) % 10
    folder = small_neu / "mnist"
    folder.mkdir()
    np.savez(folder / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=given)
    P = np.full((200, 10), 0.02)
    P[np.arange(200), y_test] = 0.82
    np.save(folder / "mnist_test_pred_probs.npy", P)
    judged = [
        {"id": i, "mturk": {"given": 4 if i >= 10 else 1, "guessed": 4, "neither": 1}} for i in range(20)
    ]
    (folder / "mnist_test_mturk.json").write_text(json.dumps(judged), encoding="utf-8")
    return small_neu


def test_errors_come_early_in_the_orders_that_look_for_them(small_sets, tmp_path, capsys):
    out = tmp_path / "figures.json"
    options = ["--data", str(small_sets), "--quick", "--json", str(out), "--pictures", str(tmp_path)]
    assert main(["review-errors", *options]) == 0
    metrics = json.loads(out.read_text(encoding="utf-8"))["metrics"]
    for order in ("self_confidence", "normalized_margin", "confident_learning", "neighbors"):
        assert metrics[f"mnist/uniform/0.05/{order}"]["area"]["median"] > 0.9
    assert metrics["mnist/uniform/0.05/random"]["area"]["median"] < 0.9
    assert metrics["mnist_suspects/published/self_confidence"]["average_precision"][
        "median"
    ] == pytest.approx(1)
    assert "mnist_suspects/network/self_confidence" in capsys.readouterr().out
    assert (tmp_path / "review_errors.png").stat().st_size > 10_000


def test_missing_data_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="MNIST"):
        review_errors.run(tmp_path)
