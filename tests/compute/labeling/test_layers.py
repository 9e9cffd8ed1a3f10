import pytest

from ig_widgets.compute.labeling.layers import hidden_layer_grid


@pytest.mark.parametrize(
    ("n_features", "largest"), [(1, 1), (2, 1), (3, 2), (10, 4), (16, 4), (17, 5), (110, 7), (210, 8)]
)
def test_the_grid_of_the_paper_has_every_depth_and_power_of_two(n_features, largest):
    expected = {(2**n,) * depth for n in range(1, largest + 1) for depth in (1, 2, 3)}
    grid = hidden_layer_grid(n_features)
    assert set(grid) == expected
    assert len(grid) == 3 * largest


@pytest.mark.parametrize(("n_features", "count"), [(10, 10), (110, 56), (210, 84)])
def test_the_grid_of_the_code_has_the_published_number_of_candidates(n_features, count):
    grid = hidden_layer_grid(n_features, "code")
    assert len(set(grid)) == count
    assert all(len(widths) == 3 and list(widths) == sorted(widths, reverse=True) for widths in grid)
    assert min(map(min, grid)) == 4


@pytest.mark.parametrize("grid", ["paper", "code"])
def test_grids_stop_at_512_nodes(grid):
    assert max(map(max, hidden_layer_grid(5000, grid))) == 512


@pytest.mark.parametrize("grid", ["paper", "code"])
def test_a_narrower_grid_is_the_part_of_the_whole_that_is_narrow(grid):
    whole = hidden_layer_grid(410, grid)
    assert hidden_layer_grid(410, grid, widest=64) == [widths for widths in whole if max(widths) <= 64]


def test_wrong_grids_are_told():
    with pytest.raises(ValueError, match="hidden_layers is 'all'"):
        hidden_layer_grid(4, "all")
    with pytest.raises(ValueError, match="widest is 2"):
        hidden_layer_grid(4, widest=2)
