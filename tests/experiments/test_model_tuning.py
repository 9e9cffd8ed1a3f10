import json

import numpy as np

from ig_widgets.experiments import model_tuning
from ig_widgets.experiments.model_tuning import labeled_by
from ig_widgets.experiments.parts.methods import METHODS

NETWORKS = ["2, alpha 1", "4, alpha 1", "4x4, alpha 1"]


def test_the_quick_form_writes_all_rows_and_a_picture(small_ksdd, tmp_path):
    metrics, settings = model_tuning.run(small_ksdd, quick=True, pictures=tmp_path / "new")
    assert list(metrics) == ["max", "min", "median", "tuned", "logistic", "boosting", *NETWORKS]
    networks = [metrics[name] for name in NETWORKS]
    f1 = [row["f1_median"] for row in networks]
    assert [metrics[name]["f1_median"] for name in ("min", "median", "max")] == sorted(f1)
    assert metrics["tuned"] in networks
    for name in ("max", "min"):
        assert metrics[name] in networks
    json.dumps([metrics, settings])
    assert (tmp_path / "new" / "model_tuning.png").stat().st_size > 5000


def test_the_tuned_network_is_the_one_of_the_grid_that_was_chosen(small_split):
    grid = {"hidden_layers": [(2,), (8,), (4, 4)], "alpha": [1e-5, 1.0]}
    labeling = {**small_split.labeling, **grid}
    small_split.labeling = labeling
    labeler = small_split.learned.labeler_
    chosen = {"hidden_layers": [labeler.hidden_layer_sizes_], "alpha": labeler.alpha_}
    tuned = METHODS["both"](small_split)
    np.testing.assert_array_equal(labeled_by(small_split, **chosen), tuned)
    others = [
        labeled_by(small_split, hidden_layers=[widths], alpha=alpha)
        for widths in grid["hidden_layers"]
        for alpha in grid["alpha"]
    ]
    assert sum(np.array_equal(P, tuned) for P in others) == 1
    assert small_split.labeling == labeling
