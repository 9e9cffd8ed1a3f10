import numpy as np
import pytest

from ig_widgets.compute.words.cells import describe_cells


def slow_cell(image, top, left, side):
    """The facts of one cell, pixel by pixel, of a gray image; the histogram as it is before it is divided."""
    light = image.astype(float) / 255
    padded = np.pad(light, 1, mode="reflect")
    histogram = np.zeros(9)
    for y in range(top, top + side):
        for x in range(left, left + side):
            dx = padded[y + 1, x + 2] - padded[y + 1, x]
            dy = padded[y + 2, x + 1] - padded[y, x + 1]
            angle = (np.arctan2(dy, dx) % np.pi) / np.pi * 9
            share = angle - np.floor(angle)
            histogram[int(angle) % 9] += np.hypot(dx, dy) * (1 - share)
            histogram[(int(angle) + 1) % 9] += np.hypot(dx, dy) * share
    block = light[top : top + side, left : left + side]
    return histogram / side**2, block.mean(), block.std()


def test_each_cell_and_its_neighbors_are_what_the_definition_says():
    image = np.random.default_rng(0).integers(0, 256, (24, 32), dtype=np.uint8)  # 6 x 8 cells of 4 pixels
    found = describe_cells(image[None])[0]
    assert found.shape == (4, 6, 117)
    cells = {(r, c): slow_cell(image, 4 * r, 4 * c, 4) for r in range(6) for c in range(8)}
    typical = np.mean([np.linalg.norm(histogram) for histogram, _, _ in cells.values()])
    for row, column in np.ndindex(4, 6):
        blocks = found[row, column].reshape(13, 3, 3)
        for dy, dx in np.ndindex(3, 3):
            histogram, mean, deviation = cells[row + dy, column + dx]
            expected = [*(histogram / (np.linalg.norm(histogram) + typical)), mean, deviation, 0, 0]
            assert blocks[:, dy, dx] == pytest.approx(expected, abs=2e-4)


def test_colors_are_told_apart_and_gray_ones_have_none():
    red, blue = np.zeros((2, 32, 32, 3), np.uint8)
    red[..., 0] = 255
    blue[..., 2] = 255
    facts = describe_cells(np.stack([red, blue])).reshape(2, -1, 13, 9)
    assert facts[0, :, 11:].mean(axis=(0, 2)) == pytest.approx([1, 0.5])
    assert facts[1, :, 11:].mean(axis=(0, 2)) == pytest.approx([0, -1])
    gray = np.random.default_rng(1).integers(0, 256, (1, 32, 32), dtype=np.uint8)
    colored = np.repeat(gray[..., None], 3, axis=3)
    assert describe_cells(colored) == pytest.approx(describe_cells(gray), abs=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (28, 28), (352, 128)])
def test_any_size_has_cells(shape):
    maps = describe_cells(np.full((2, *shape), 7, np.uint8))
    assert maps.dtype == np.float32
    assert min(maps.shape[1:3]) >= 1
    assert max(maps.shape[1:3]) <= 200 // 4
    assert np.isfinite(maps).all()
