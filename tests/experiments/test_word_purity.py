import json

import numpy as np

from ig_widgets.compute.words.packing import pack_words
from ig_widgets.experiments import word_purity
from ig_widgets.experiments.__main__ import main


def test_it_runs_for_every_way_to_make_words(small_neu, tmp_path):
    out = tmp_path / "figures.json"
    pictures = ["--pictures", str(tmp_path)]
    assert main(["word-purity", "--data", str(small_neu), "--quick", "--json", str(out), *pictures]) == 0
    metrics = json.loads(out.read_text(encoding="utf-8"))["metrics"]
    assert set(metrics) == {"cells", "resnet18_untrained", "vqvae", "barlow_twins"}
    for row in metrics.values():
        assert set(row) == {"order_purity", "jaccard_purity", "nearest_purity", "minutes"}
        assert 0 <= row["nearest_purity"]["median"] <= 1
    assert (tmp_path / "word_purity.png").stat().st_size > 5000
    assert metrics["cells"]["nearest_purity"]["median"] > 0.5  # by chance 7 of 15


def test_words_that_tell_the_classes_apart_are_pure_and_random_ones_are_not():
    y = np.random.default_rng(0).integers(0, 6, 600)
    own = np.zeros((600, 60), bool)
    own[np.arange(600), y * 10 + np.arange(600) % 10] = True
    own[np.arange(600), y * 10] = True
    told = word_purity._purity(pack_words(own), y)
    assert told["order_purity"] > 0.98
    assert told["nearest_purity"] == 1
    random = word_purity._purity(pack_words(np.random.default_rng(1).random((600, 64)) < 0.2), y)
    assert all(abs(share - 1 / 6) < 0.08 for share in random.values())
