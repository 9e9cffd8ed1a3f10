import pytest

from ig_widgets.widgets.shared.front_end import FrontEnd


class Counter(FrontEnd):
    _esm = "export default { render() {} }"

    def __init__(self):
        super().__init__()
        self.count = 0
        self.listen({"add": self._add}, lambda: ({"count": self.count}, [b"picture"]))

    def _add(self, *, by):
        self.count += by
        return {"count": self.count}, []


@pytest.fixture
def counter():
    return Counter()


def test_what_the_browser_asks_for_is_answered(counter, ask):
    assert ask(counter, "add", by=2)[0]["ok"] == {"count": 2}
    assert ask(counter, "hello")[0]["ok"] == {"count": 2}
    assert ask(counter, "bye")[0]["ok"] == {}


def test_the_first_answer_travels_with_the_state_from_the_display_on(counter):
    assert counter._first == {}
    counter._repr_mimebundle_()
    assert counter._first == {"value": {"count": 0}, "buffers": [b"picture"]}


def test_a_page_that_is_reloaded_gets_the_state_of_now(counter, ask):
    counter._repr_mimebundle_()
    ask(counter, "add", by=1)
    assert counter.get_state()["_first"]["value"] == {"count": 1}


def test_a_first_answer_that_fails_is_left_to_the_request(ask):
    widget = FrontEnd(_esm="export default {}")
    widget.listen({}, lambda: 1 / 0)
    widget._repr_mimebundle_()
    assert widget.get_state()["_first"] == {}
    assert ask(widget, "hello")[0]["error"]["message"] == "division by zero"
