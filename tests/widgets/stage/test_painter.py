import numpy as np

from ig_widgets.widgets.shared.jpegs import overview
from ig_widgets.widgets.stage.painter import Painter


def test_the_canvas_has_the_size_of_the_picture():
    painter = Painter()
    painter.show(overview(np.zeros((3000, 4096), np.uint8)))
    assert (painter.canvas.width, painter.canvas.height) == (2048, 1500)
    assert (painter.canvas[1].width, painter.canvas[1].height) == (2048, 1500)


def test_pictures_are_closed_once_they_are_no_longer_shown():
    painter = Painter()
    kept = []
    for level in range(4):
        painter.show(overview(np.full((20, 20), level, np.uint8)))
        kept.append(painter._images[-1])
    assert [image.comm is None for image in kept] == [True, True, False, False]


def test_a_client_that_comes_later_gets_the_picture():
    painter = Painter()
    painter.show(overview(np.zeros((20, 20), np.uint8)))
    manager = painter.canvas[0]._canvas_manager  # one for the process, older than this test's wire
    manager.comm = type(painter.canvas.comm)(target_name="jupyter.widget")
    before = len(manager.comm.sent)
    ready = {"method": "custom", "content": {"event": "client_ready"}}
    painter.canvas[1].comm.handle_msg({"content": {"data": ready}, "buffers": []})
    assert len(manager.comm.sent) == before + 1
