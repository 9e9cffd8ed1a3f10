import gc
import weakref

import numpy as np
import pytest

from ig_widgets.widgets.shared.picture_memory import looked_at
from ig_widgets.widgets.stage.pages import Pages


class Widget:
    def __init__(self):
        self.picture = "seen"
        looked_at(self)

    def forget(self):
        self.picture = None


def test_those_that_were_looked_at_last_keep_their_pictures():
    widgets = [Widget() for _ in range(10)]
    assert [one.picture for one in widgets] == [None] * 6 + ["seen"] * 4
    looked_at(widgets[6])
    looked_at(widgets[6])
    another = Widget()
    assert [one.picture for one in widgets] == [None] * 6 + ["seen", None, "seen", "seen"]
    assert another.picture == "seen"


def test_a_widget_that_is_gone_takes_nobodys_place():
    widgets = [Widget() for _ in range(4)]
    for _ in range(10):
        Widget()  # and it is gone
    widgets.append(Widget())
    assert [one.picture for one in widgets] == [None, *["seen"] * 4]


@pytest.mark.parametrize("n_widgets", [1, 4, 20])
def test_the_images_of_a_few_widgets_are_in_memory_however_many_there_are(n_widgets):
    made = []

    class Image(np.ndarray):
        """An array that can be watched."""

    class Images:
        def __len__(self):
            return 2

        def __getitem__(self, position):
            image = np.zeros((20, 20), np.uint8).view(Image)
            made.append(weakref.ref(image))
            return image

    widgets = [Pages(Images()) for _ in range(n_widgets)]
    for pages in widgets:
        for position in (0, 1):
            pages.picture(position)
    gc.collect()
    assert sum(image() is not None for image in made) == 2 * min(n_widgets, 4)
