import ipywidgets

from ig_widgets.widgets.shared.messages import Messages


def test_an_answer_carries_the_id_of_its_request_and_its_buffers(ask):
    widget = ipywidgets.DOMWidget()
    Messages(widget, {"double": lambda *, number: ({"twice": 2 * number}, [b"bytes"])})
    answer, buffers = ask(widget, "double", number=21)
    assert answer["ok"] == {"twice": 42}
    assert [bytes(buffer) for buffer in buffers] == [b"bytes"]


def test_an_error_is_an_answer_with_the_sentence_and_the_traceback(ask):
    def fail():
        raise ValueError("box 3 ends at x = 812")

    widget = ipywidgets.DOMWidget()
    Messages(widget, {"fail": fail})
    answer, _ = ask(widget, "fail")
    assert "ok" not in answer
    assert answer["error"]["message"] == "box 3 ends at x = 812"
    assert "Traceback" in answer["error"]["details"]


def test_an_unknown_request_is_answered_too(ask):
    widget = ipywidgets.DOMWidget()
    Messages(widget, {})
    answer, _ = ask(widget, "explode")
    assert "explode" in answer["error"]["message"]
