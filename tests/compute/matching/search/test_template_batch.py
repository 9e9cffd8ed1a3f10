import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ig_widgets.compute.matching.search import template_batch as module
from ig_widgets.compute.matching.search.template_batch import TemplateBatch, batch_templates
from ig_widgets.compute.matching.search.templates import Template


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@st.composite
def some_templates(draw):
    sizes = st.sampled_from([(64, 60), (64, 52), (30, 32), (9, 7)])
    rare = st.sampled_from([False] * 5 + [True])
    templates = []
    for size, color, flat in draw(st.lists(st.tuples(sizes, rare, rare), max_size=40)):
        pixels = noise(3 if color else 1, *size)
        templates.append(Template(pixels[:, :1, :1].repeat(4, 1) if flat else pixels))
    return templates


@given(some_templates())
@settings(deadline=None, max_examples=200)
def test_each_pattern_that_is_not_flat_is_in_one_block_with_its_kin(templates):
    seen, last = [], None
    for positions, batch in batch_templates(templates):
        assert list(batch.templates) == [templates[j] for j in positions]
        assert 1 <= len(positions) <= module._TOGETHER
        assert {template.factor for template in batch.templates} == {batch.factor}
        assert {len(template.pixels) for template in batch.templates} == {batch.channels}
        kin = (batch.channels, batch.factor)
        assert last is None or last[1] == module._TOGETHER or last[0] != kin  # batches are full
        last = (kin, len(positions))
        sizes = [(template.height, template.width) for template in batch.templates]
        assert sizes == sorted(sizes)
        seen += positions
    assert sorted(seen) == [j for j, template in enumerate(templates) if not template.flat]


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_hold_the_patterns_one_after_the_other(channels):
    templates = [Template(noise(channels, 64, width, seed=width)) for width in (52, 60, 60)]
    batch = TemplateBatch(templates)
    for j, (template, (height, width, start)) in enumerate(zip(templates, batch.sizes.tolist(), strict=True)):
        assert (height, width) == (template.height, template.width)
        own = batch.deviations[start : start + channels * height * width].reshape(channels, height, width)
        np.testing.assert_array_equal(own, template.deviations)
        for factor in (1, 2):
            lines, starts = batch.lines[factor]
            own = lines[starts[j] : starts[j + 1]].reshape(channels, -1)
            np.testing.assert_array_equal(own, template.lines[factor])
        for tall in (True, False):
            own = batch.spectra(4, (20, 32), tall=tall)[j]
            np.testing.assert_array_equal(own, template.spectrum(4, (20, 32), tall=tall))
        for kind in ("centered", "uncentered"):
            assert batch.norms(kind)[j] == template.norms[kind]
        np.testing.assert_array_equal(batch.arrays("uncentered").means[j], template.means)
    assert batch.arrays("centered").means.shape == (3, 0)


def test_the_luminance_of_a_gray_block_is_itself():
    gray, color = (TemplateBatch([Template(noise(channels, 30, 32))]) for channels in (1, 3))
    assert gray.gray is gray
    assert color.gray is color.gray
    np.testing.assert_array_equal(color.gray.templates[0].pixels, Template(noise(3, 30, 32)).gray.pixels)
