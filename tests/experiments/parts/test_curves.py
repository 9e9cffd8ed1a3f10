from matplotlib.figure import Figure

from ig_widgets.experiments.parts.curves import draw_curves

NAMES = ["a", "b", "c"]


def row(median):
    return {"f1_median": median, "f1_min": median - 0.1, "f1_max": median + 0.2, "ap_median": 0.5, "seeds": 3}


def drawn(curves, dotted=()):
    axes = Figure().subplots()
    draw_curves(axes, NAMES, curves, dotted)
    handles, labels = axes.get_legend_handles_labels()
    return dict(zip(labels, handles, strict=True))


def test_a_curve_shows_median_and_range_near_each_number():
    line, _, (bars,) = drawn({"a": {0: row(0.3), 50: row(0.6)}})["a"]
    assert line.get_ydata().tolist() == [0.3, 0.6]
    assert abs(line.get_xdata() - [0, 50]).max() < 1
    lows_and_highs = [segment[:, 1].round(6).tolist() for segment in bars.get_segments()]
    assert lows_and_highs == [[0.2, 0.5], [0.5, 0.8]]


def test_a_name_keeps_its_color_and_place_where_others_are_missing():
    curve = {10: row(0.5), 20: row(0.5)}
    with_others, alone = drawn(dict.fromkeys(NAMES, curve)), drawn({"c": curve})
    assert with_others["c"][0].get_color() == alone["c"][0].get_color()
    assert with_others["c"][0].get_xdata().tolist() == alone["c"][0].get_xdata().tolist()
    places = {tuple(handle[0].get_xdata()) for handle in with_others.values()}
    colors = {handle[0].get_color() for handle in with_others.values()}
    assert len(places) == len(colors) == 3


def test_some_curves_are_dotted():
    curve = {10: row(0.5), 20: row(0.5)}
    styles = {
        name: handle[0].get_linestyle() for name, handle in drawn(dict.fromkeys(NAMES, curve), ["b"]).items()
    }
    assert styles == {"a": "-", "b": ":", "c": "-"}
