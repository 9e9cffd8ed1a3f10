from ig_widgets.experiments import word_memory


def test_it_runs_and_tells_memory_and_time_of_each_number_of_images(monkeypatch):
    monkeypatch.setattr(word_memory, "COUNTS", (70, 90))
    metrics, settings = word_memory.run(seeds=2)
    assert set(metrics) == {"70", "90"}
    for row in metrics.values():
        assert 20 < row["peak_mib"]["median"] < 4000
        assert row["seconds"]["median"] > 0
    assert settings["runs"] == 2


def test_an_image_is_the_same_whenever_it_is_made():
    spots = word_memory._Spots(5, seed=3)
    assert (spots[4] == spots[-5:][4]).all()
    assert (spots[3] != spots[4]).any()
