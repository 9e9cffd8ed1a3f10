import numpy as np

from ig_widgets.compute.orders.similarity import by_similarity
from ig_widgets.experiments import order_speed
from ig_widgets.experiments.order_speed import published_order


def test_the_published_form_goes_on_to_an_image_with_most_words_in_common():
    X = np.random.default_rng(0).random((40, 60)) < 0.3
    order = published_order(X, seed=0)
    assert sorted(order.tolist()) == list(range(40))
    for k in range(39):
        common = [(X[order[k]] & X[i]).sum() for i in order[k + 1 :]]
        assert common[0] == max(common)


def test_both_forms_make_the_same_chain_where_there_are_no_ties():
    X = np.tril(np.ones((50, 50), bool))  # image i has the words 0 to i
    published = published_order(X, seed=1)
    assert by_similarity(X, int(published[0])).tolist() == published.tolist()


def test_it_runs_and_tells_all_that_it_promises(monkeypatch):
    monkeypatch.setattr(order_speed, "COMPARED", 200)
    monkeypatch.setattr(order_speed, "COUNTS", (300,))
    metrics, _ = order_speed.run(seeds=1)
    assert set(metrics) == {"seconds_200", "times_as_fast_200", "seconds_300", "peak_mib"}
    assert set(metrics["seconds_300"]) == {"dot", "jaccard", "cosine"}
    assert metrics["peak_mib"]["300_images"]["median"] > 0
